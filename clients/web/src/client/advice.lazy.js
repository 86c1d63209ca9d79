// SPDX-License-Identifier: Apache-2.0
// What somebody has to do about a problem, and why a fetch has failed that gives no reason.

/** By code. @type {Record<string, string>} */
const ADVICE = {
  NO_TOKEN: 'getToken must return a JWT of this user.',
  TOKEN_FAILED: 'getToken threw or took too long; it will be called again.',
  MISSING_CREDENTIALS: 'Give getToken to createClient, or set the cookie belfry_token.',
  USER_MISMATCH: 'userId must be the "sub" of the token.',
  PROJECT_MISMATCH: 'projectId must be the "project" of the token.',
  BLOCKED_BY_CSP: 'Add the edge to connect-src of this page\'s Content-Security-Policy.',
  BLOCKED_BY_CORS: 'Add this page\'s origin to edge_cors_origins; a proxy\'s own error page looks the same.',
  EVICTED: 'This user has more streams open than edge_streams_per_user_max allows. This one comes back when its page is shown or its bell is opened.',
  NOT_BELFRY: 'Is url the base of a belfry edge, and does a proxy answer in its place?',
  NO_SUCH_PATH: 'Is url the base of a belfry edge of this version?',
  OTHER_VERSION: 'Use the client that this edge serves, or the package of its version.',
  NO_LOCKS: 'Each tab holds a stream of its own; over https they share one.',
  STORAGE_DENIED: 'This page may not use locks, so each tab holds a stream of its own.',
};

const VIOLATION_MS = 50;
/** Once for each code, however many clients the page has. */
const said = new Set();

/** @param {import('./types.js').Problem} problem @param {boolean} [always] also where there is no advice */
export function warn({ code, detail }, always) {
  const advice = ADVICE[code] ?? '';
  if (said.has(code) || !(advice || always) || !globalThis.document) return;
  said.add(code);
  console.warn(`belfry: ${code}: ${detail}. ${advice}`);
}

/**
 * The page's own policy reports what it blocks; and where a request without reading the answer
 * goes through, it is the reading that is not allowed.
 * @param {string} url @param {typeof globalThis.fetch} fetch @returns {Promise<string>} a code
 */
export async function lookInto(url, fetch) {
  let blocked = false;
  /** @param {SecurityPolicyViolationEvent} event */
  const onViolation = ({ blockedURI }) => { blocked ||= url.startsWith(blockedURI); };
  document.addEventListener('securitypolicyviolation', onViolation);
  const reached = await fetch(url, { mode: 'no-cors', credentials: 'omit', cache: 'no-store' })
    .then(() => true, () => new Promise((resolve) => setTimeout(resolve, VIOLATION_MS)));
  document.removeEventListener('securitypolicyviolation', onViolation);
  if (blocked) return 'BLOCKED_BY_CSP';
  return reached ? 'BLOCKED_BY_CORS' : 'UNREACHABLE';
}
