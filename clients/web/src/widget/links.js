// SPDX-License-Identifier: Apache-2.0
// Which of a notification's addresses may become a link or an image.

const LINKS = ['http:', 'https:', 'mailto:'];
const IMAGES = ['http:', 'https:'];

/**
 * @param {unknown} address
 * @param {string[]} schemes
 * @returns {string | null} the whole address, or null where it must not be followed
 */
function allowed(address, schemes) {
  if (typeof address !== 'string' || !address) {
    return null;
  }
  try {
    const url = new URL(address, document.baseURI);
    return schemes.includes(url.protocol) && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

/** @param {unknown} address */
export const safeLink = (address) => allowed(address, LINKS);

/** @param {unknown} address */
export const safeImage = (address) => allowed(address, IMAGES);
