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
  #whose = '';  // edge, project and user of a client that was made here, and so is stopped here

  connectedCallback() {
    // Later, so that a framework or script may set properties first.
    queueMicrotask(() => this.#start());
  }

  disconnectedCallback() {
    // A microtask later, so that moving the element or a framework's double mount is no stop.
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#bell.disconnect();
        if (this.#whose) {
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
      queueMicrotask(() => this.#start());
    }
  }

  #start() {
    const { projectId, userId, url = BelfryBell.home, getToken } = this.#bell.ui.options;
    const whose = [url, projectId, userId].join();
    if (this.isConnected) {
      // Another user signs in on the page: nothing of the former one stays.
      if ((projectId ?? userId) != null && whose !== this.#whose && (this.#whose || !this.client)) {
        this.client = createClient(/** @type {any} */ ({ url, projectId, userId, getToken }));
        this.#whose = whose;
      }
      if (this.#whose) {
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
    if (this.#whose) {
      this.client?.stop();
    }
    this.#whose = '';
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
