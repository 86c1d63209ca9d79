// SPDX-License-Identifier: Apache-2.0
// <belfry-bell>. It works from its attributes alone (project-id, user-id, url; the cookie says who
// is asking), from Belfry.init, or with a client that the page has already.
import { createClient } from '../client/index.js';
import { createBell } from './bell.js';

/** @typedef {import('./types.js').BellOptions} BellOptions */
/** @typedef {import('./types.js').Client} Client */

/** @type {Record<string, 'projectId' | 'userId' | 'url' | 'placement' | 'badge' | 'toasts' | 'locale'>} */
const named = {
  'project-id': 'projectId', 'user-id': 'userId', url: 'url', placement: 'placement', badge: 'badge',
  toasts: 'toasts', locale: 'locale',
};

const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

// A script's edge is where it came from; a module is told by `url`.
const script = globalThis.document?.currentScript;
const home = script && 'src' in script && script.src ? new URL('.', script.src).href.slice(0, -1) : '';

export class BelfryBell extends Base {
  static observedAttributes = [...Object.keys(named), 'open', 'lang'];

  #bell = createBell(this);
  #own = false;   // the client was made here, so it is stopped here
  #alive = false;

  connectedCallback() {
    if (!this.#alive) {
      this.#alive = true;
      this.#bell.connect();
    }
    // Later, so that a framework or script may set properties first.
    queueMicrotask(() => this.#start());
  }

  disconnectedCallback() {
    // A microtask later, so that moving the element or a framework's double mount is no stop.
    queueMicrotask(() => {
      if (!this.isConnected && this.#alive) {
        this.#alive = false;
        this.#bell.disconnect();
        if (this.#own) {
          this.client?.stop();
        }
      }
    });
  }

  /** @param {string} name @param {string | null} _ @param {string | null} value */
  attributeChangedCallback(name, _, value) {
    if (name === 'open') {
      this.open = value !== null;
    } else if (name in named) {
      /** @type {any} */ (this.#bell.options)[named[name]] = value ?? undefined;
    }
    if (name === 'locale' || name === 'lang' || name === 'badge') {
      this.#bell.changed();
    }
  }

  #start() {
    const { projectId, userId, url = home, getToken } = this.#bell.options;
    if (!this.#alive) {
      return;
    }
    if (!this.client && projectId && userId) {
      this.#own = true;
      this.#bell.setClient(createClient({ url, projectId, userId, getToken }));
    }
    if (this.#own) {
      this.client?.start();
    }
    this.open = this.open || this.hasAttribute('open');
  }

  /**
   * Sets options, as Belfry.init does.
   * @param {BellOptions} options
   */
  configure(options) {
    const { client, theme, open, target: _, ...rest } = options;
    Object.assign(this.#bell.options, rest);
    if (theme) {
      this.setAttribute('theme', theme);
    }
    if (open !== undefined) {
      this.toggleAttribute('open', open);
    }
    if (client) {
      this.client = client;
    }
    this.#bell.changed();
    if (this.isConnected) {
      this.#start();
    }
  }

  /** The headless client; one that is set here is started and stopped by whoever made it. */
  get client() {
    return this.#bell.client;
  }

  /** @param {Client | null} client */
  set client(client) {
    if (this.#own) {
      this.client?.stop();
    }
    this.#own = false;
    this.#bell.setClient(client);
  }

  get open() {
    return this.#bell.open;
  }

  set open(open) {
    this.#bell.setOpen(open);
  }

  /** Called with a notification, draws a row; see RenderItem in types.js. */
  get renderItem() {
    return this.#bell.options.renderItem;
  }

  set renderItem(renderItem) {
    this.#bell.options.renderItem = renderItem;
    this.#bell.changed();
  }

  focus() {
    this.#bell.button.focus();
  }
}
