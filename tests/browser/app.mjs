// SPDX-License-Identifier: Apache-2.0
// A company's own page with the bell on it: another origin than the edge's, a token from a path of
// its own, and a policy that refuses whatever is not named.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');

const STYLE = `
  :root { color-scheme: light dark; }
  body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#f7f7f8, #101115); color: light-dark(#222, #ddd); }
  nav { display: flex; align-items: center; gap: 1.5rem; padding: .6rem 1.5rem; background: light-dark(#fff, #15161a); border-bottom: 1px solid light-dark(#e6e6ea, #26272d); }
  nav #slot { margin-inline-start: auto; }
  main { padding: 1rem 1.5rem; max-width: 56rem; }
  .card { height: 8rem; margin-top: 1rem; border-radius: 12px; background: light-dark(#fff, #15161a); border: 1px solid light-dark(#e6e6ea, #26272d); }
`;

const html = ({ nonce, script, init, lang, dir, head }) => {
  const scripts = `<script nonce="${nonce}">
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    window.violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
  });
</script>
<script nonce="${nonce}" src="${script}"></script>
<script nonce="${nonce}">${init}</script>`;
  return `<!doctype html>
<html lang="${lang}" dir="${dir}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Acme</title><style nonce="${nonce}">${STYLE}</style>
${head ? scripts : ''}
<nav><strong>Acme</strong><span>Orders</span><span>Customers</span><span>Reports</span><div id="slot"></div></nav>
<main><h1>Orders</h1><div class="card"></div><div class="card"></div><div class="card"></div></main>
${head ? '' : scripts}</html>`;
};

// No 'unsafe-...' anywhere; nothing from anywhere but what the bell needs. Trusted Types refuse text
// where the browser would run it or take it for markup.
const policy = (nonce, edge) => [
  "default-src 'none'", `script-src 'nonce-${nonce}'`, `style-src 'nonce-${nonce}'`, `connect-src 'self' ${edge}`,
  "img-src 'self'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
].join('; ');

export class App {
  #server;
  edge = '';           // http://host:port, once it is known
  token = () => '';    // (user, project) -> JWT

  static async start() {
    const app = new App();
    app.#server = createServer((request, answer) => app.#serve(request, answer));
    await new Promise((resolve) => app.#server.listen(0, '127.0.0.1', resolve));
    app.origin = `http://127.0.0.1:${app.#server.address().port}`;
    return app;
  }

  // The page for `user`. `options` go to Belfry.init as they are, `after` is a line of script behind it;
  // with `head` both stand before the page's body.
  url(user, { options = {}, lang = 'en', dir = 'ltr', after = '', head = '' } = {}) {
    return `${this.origin}/?${new URLSearchParams({ user, options: JSON.stringify(options), lang, dir, after, head })}`;
  }

  #serve(request, answer) {
    const { pathname, searchParams } = new URL(request.url, this.origin);
    if (pathname === '/') {
      const nonce = randomBytes(12).toString('base64');
      const user = searchParams.get('user');
      const options = { url: this.edge, projectId: 'demo', userId: user, target: '#slot', ...JSON.parse(searchParams.get('options')) };
      const init = `window.bell = Belfry.init({ ...${JSON.stringify(options)},
        getToken: () => fetch('/token?user=' + encodeURIComponent(${JSON.stringify(user)})).then((r) => r.text()) });
        ${searchParams.get('after')}`;
      answer.writeHead(200, {
        'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(nonce, this.edge),
      });
      answer.end(html({ nonce, script: `${this.edge}/widget.js`, init, lang: searchParams.get('lang'), dir: searchParams.get('dir'), head: searchParams.get('head') }));
    } else if (pathname === '/token') {
      answer.end(this.token(searchParams.get('user'), searchParams.get('project') ?? 'demo'));
    } else if (pathname === '/face.gif') {
      answer.writeHead(200, { 'content-type': 'image/gif' }).end(PIXEL);
    } else {
      answer.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing.');
    }
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
