// SPDX-License-Identifier: Apache-2.0
// Which of a notification's addresses may become a link or an image.

/**
 * @param {unknown} address
 * @param {RegExp} schemes
 * @returns {string | undefined} the whole address; nothing where it must not be followed
 */
function allowed(address, schemes) {
  try {
    const url = new URL(/** @type {string} */ (address), document.baseURI);
    return address && schemes.test(url.protocol) && !url.username && !url.password ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} address */
export const safeLink = (address) => allowed(address, /^(https?|mailto):$/);

/** @param {unknown} address */
export const safeImage = (address) => allowed(address, /^https?:$/);
