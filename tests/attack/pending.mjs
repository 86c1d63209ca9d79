// SPDX-License-Identifier: Apache-2.0
// Rows that find a fault which is known and not mended yet: row -> what is missing. They are run and
// printed, and count neither as passed nor as failed. A row leaves this table with its mending.
export const pending = {
  'setup-core-dumps': 'core_dumps off',
};
