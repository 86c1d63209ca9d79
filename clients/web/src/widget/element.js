// SPDX-License-Identifier: Apache-2.0
// <belfry-bell>. It works from its attributes alone (project-id, user-id, url; the cookie says who
// is asking), from Belfry.init, or with a client that the page has already.
import { createClient } from '../client/index.js';
import { createBell } from './bell.js';

/** @typedef {import('./types.js').BellOptions} BellOptions */
/** @typedef {import('./types.js').Client} Client */

const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

export class BelfryBell extends Base {
  static observedAttributes = 'project-id user-id url placement badge toasts locale open'.split(' ');

  /** Where the edge is if nobody says so; widget.js sets it to where it came from. */
  static home = '';

  #bell = createBell(this);
  #own = false;   // the client was made here, so it is stopped here
  #alive = false;

  connectedCallback() {
    this.#alive = true;
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
    } else {
      const option = name.replace(/-./, (dash) => dash[1].toUpperCase());
      Object.assign(this.#bell.ui.options, { [option]: value ?? undefined });
      this.#bell.changed();
    }
  }

  #start() {
    const { projectId, userId, url = BelfryBell.home, getToken } = this.#bell.ui.options;
    if (this.#alive) {
      if (!this.client && projectId && userId) {
        this.client = createClient({ url, projectId, userId, getToken });
        this.#own = true;
      }
      if (this.#own) {
        this.client?.start();
      }
      this.open ||= this.hasAttribute('open');
    }
  }

  /**
   * Sets options, as Belfry.init does.
   * @param {BellOptions} options
   */
  configure({ client, theme, open, target: _, ...options }) {
    Object.assign(this.#bell.ui.options, options);
    if (theme) {
      this.setAttribute('theme', theme);
    }
    if (client) {
      this.client = client;
    }
    if (open !== undefined) {
      this.toggleAttribute('open', open);
    }
    this.#bell.changed();
    this.#start();
  }

  /** The headless client; one that is set here is started and stopped by whoever made it. */
  get client() {
    return this.#bell.ui.client();
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
    return this.#bell.ui.isOpen();
  }

  set open(open) {
    this.#bell.setOpen(open);
  }

  focus() {
    this.#bell.bell.focus();
  }
}
