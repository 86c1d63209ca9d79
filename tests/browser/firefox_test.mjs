// SPDX-License-Identifier: Apache-2.0
// The bell in Debian's Firefox ESR.
import { testEngine } from './engine_cases.mjs';
import { openBrowser } from './firefox.mjs';

testEngine(openBrowser);
