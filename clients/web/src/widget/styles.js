// SPDX-License-Identifier: Apache-2.0
// The look, as one constructable stylesheet that all bells of a page share: no <style> element and
// no style attribute, so that `style-src 'none'` has nothing to refuse. Sizes are in em of
// --size; the custom properties are listed in docs/widget.md.

const css = `
:host {
  all: initial;
  --accent: light-dark(#4650dc, #98a2ff);
  --on-accent: light-dark(#fff, #12131c);
  --bg: light-dark(#fff, #191a1f);
  --hover: light-dark(#f5f6f8, #22242b);
  --text: light-dark(#17191e, #eceef2);
  --muted: light-dark(#5b626f, #a0a7b4);
  --line: light-dark(#e5e7ec, #2e313a);
  --radius: 12px;
  --shadow: 0 0 0 1px var(--line), 0 18px 40px -8px light-dark(#0f172a40, #000c);
  color-scheme: light dark;
  color: inherit;
  display: inline-block;
  font: var(--size, 14px)/1.45 var(--font, system-ui, sans-serif);
}
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host([floating]) { position: fixed; inset-block-start: 16px; inset-inline-end: 16px; z-index: 9999; }
:host([floating]) .bell { background: var(--bg); color: var(--text); box-shadow: var(--shadow); }
:host([hidden]), [hidden], .header .close { display: none !important; }
* { box-sizing: border-box; margin: 0; padding: 0; font: inherit; color: inherit; }
button { background: none; border: 0; text-align: start; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.icon { width: 1.3em; height: 1.3em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.bell, .button, .avatar { display: grid; place-items: center; border-radius: 50%; }
.bell { position: relative; width: 2.6em; height: 2.6em; }
.bell .icon { font-size: 1.25em; }
.bell:hover, [aria-expanded=true] { background: color-mix(in srgb, currentColor 9%, #0000); }
.badge { position: absolute; inset-block-start: 0; inset-inline-start: 52%; min-width: 1.6em; padding: 0 .4em; border-radius: 1em; background: var(--badge, #d92d20); color: var(--on-badge, #fff); font-size: .8em; font-weight: 600; line-height: 1.6; text-align: center; box-shadow: 0 0 0 2px var(--bg); }
.badge::before { content: attr(data-count); }
.ring .icon { animation: ring .4s; }
:host([data-state=offline]) .bell .icon, :host([data-state$=d]) .bell .icon { opacity: .5; }

.panel, .toast { border: 0; border-radius: var(--radius); background: var(--bg); color: var(--text); box-shadow: var(--shadow); animation: in .15s; }
.panel { position: fixed; width: var(--width, 400px); height: min(var(--height, 620px), var(--room)); overflow: hidden; outline: none; }
.view { position: relative; display: flex; flex-direction: column; height: 100%; }
.header, .tabs, .tab, .kinds, .chip, .banner, .line, .actions, .tools, .snack { display: flex; align-items: center; gap: .5em; }
.tabs, .kinds, .banner, .item, .skeleton { padding: .7em 1.2em; border-bottom: 1px solid var(--line); }
.header { padding: .7em; padding-inline-start: 1.2em; gap: 0; }
.heading { flex: 1; font-size: 1.1em; font-weight: 600; }
.button { width: 2.2em; height: 2.2em; border-radius: .5em; color: var(--muted); }
:disabled { opacity: .4; }
.tabs { gap: 1.2em; padding-block: 0; }
.tab { padding: .5em 0; margin-bottom: -1px; border-bottom: 2px solid #0000; color: var(--muted); }
.tab.selected { color: var(--text); border-color: var(--accent); }
.count, .times { padding: 0 .5em; border-radius: 1em; background: var(--line); color: var(--text); font-size: .87em; white-space: nowrap; }
.chip { flex: none; padding: .2em .6em; border: 1px solid var(--line); border-radius: 1em; color: var(--muted); }
.chip.selected { background: var(--text); color: var(--bg); }
.banner { background: var(--hover); color: var(--muted); }

.feed { position: relative; flex: 1; min-height: 0; }
.scroller { height: 100%; overflow-y: auto; overscroll-behavior: contain; outline: none; }
.list { list-style: none; }
.item, .skeleton { position: relative; display: grid; grid-template-columns: auto 1fr; gap: .7em; padding-block: 1em; padding-inline-start: 1.4em; }
li { content-visibility: auto; contain-intrinsic-size: auto 6em; }
li.unread::before { content: ""; position: absolute; inset: 1.8em auto auto; margin-inline-start: .5em; width: .5em; height: .5em; border-radius: 50%; background: var(--accent); }
.text { grid-column: 2; min-width: 0; overflow-wrap: anywhere; }
.line { align-items: baseline; }
.title { text-decoration: none; outline: none; }
.unread .title { font-weight: 600; }
.title::after { content: ""; position: absolute; inset: 0; border-radius: inherit; }
.title:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; }
.body, .time, .message, .more { color: var(--muted); }
.body { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; white-space: pre-line; }
.wide .body { -webkit-line-clamp: none; }
.time { margin-inline-start: auto; font-size: .87em; white-space: nowrap; }
.avatar { width: 2.3em; height: 2.3em; grid-area: 1/1; overflow: hidden; background: color-mix(in srgb, var(--level, var(--accent)) 13%, var(--bg)); color: var(--level, var(--accent)); }
.actor { background: light-dark(oklch(.92 .05 var(--hue)), oklch(.35 .06 var(--hue))); color: light-dark(oklch(.4 .12 var(--hue)), oklch(.9 .06 var(--hue))); font-weight: 600; }
.skeleton { animation: pulse .8s infinite alternate; }
.skeleton > .avatar, .skeleton p { background: var(--line); }
.skeleton p { width: 60%; height: .8em; margin: .2em 0 .7em; border-radius: 1em; }
.skeleton p + p { width: 90%; }
img { width: 100%; height: 100%; object-fit: cover; }
.success { --level: light-dark(#0b7a4b, #4cc38a); }
.warning { --level: light-dark(#8f5600, #f0b13c); }
.error { --level: light-dark(#c4231a, #ff8a80); }
.mark { grid-area: 1/1; place-self: start end; margin: 1.5em -.5em; height: 1.3em; border-radius: 50%; background: var(--bg); color: var(--level); }
.kinds, .actions { flex-wrap: wrap; }
.actions { margin-top: .5em; }
.action { position: relative; padding: .2em .6em; border: 1px solid var(--line); border-radius: .5em; background: var(--bg); text-decoration: none; }
.action0 { border-color: #0000; background: color-mix(in srgb, var(--accent) 13%, var(--bg)); color: var(--accent); }
.tools { position: absolute; inset-block-start: .6em; inset-inline-end: .7em; gap: 0; }
.pill { position: absolute; z-index: 1; inset: .7em 0 auto; margin: auto; width: max-content; padding: .4em 1em; border-radius: 2em; background: var(--accent); color: var(--on-accent); font-weight: 600; box-shadow: var(--shadow); animation: in .15s; }
.message, .more, [name=empty] { display: grid; justify-items: center; gap: .5em; text-align: center; overflow-wrap: anywhere; }
.message { padding: 2em; min-height: 100%; align-content: center; }
.more { padding: 1em; }
.message .icon { padding: .7em; box-sizing: content-box; border-radius: 50%; background: var(--hover); font-size: 1.5em; }
h3 { color: var(--text); font-weight: 600; }
.snack { position: absolute; inset: auto 1em 1em; justify-content: space-between; padding: .7em 1em; border-radius: .7em; background: var(--text); color: var(--bg); animation: in .15s; }
.undo { font-weight: 600; text-decoration: underline; outline-color: currentColor; }

.toasts { position: fixed; inset: auto; inset-block-end: 20px; inset-inline-end: 20px; width: min(376px, 100vw - 40px); border: 0; background: none; overflow: visible; }
.toasts[data-at$=start] { inset-inline: 20px auto; }
.toasts[data-at^=top] { inset-block: 20px auto; }
.toast { margin-top: 10px; padding-inline: 1.2em; }
.toast.error { outline: 1px solid var(--level); }
.toast .time { margin-inline-end: 1.8em; }

@media (hover) {
  .button:hover, .tab:hover, .chip:hover { color: var(--text); }
  li:hover, li:focus-within, .action:hover, .button:hover { background: var(--hover); }
  li .tools { opacity: 0; border-radius: .5em; background: var(--bg); box-shadow: 0 0 0 1px var(--line); }
  li:hover .tools, li:focus-within .tools { opacity: 1; }
  .tools .button { width: 1.9em; height: 1.9em; }
}
@media (hover: none) {
  li .tools { position: relative; grid-column: 2; inset: auto; margin: -.5em; }
}
@media (max-width: 480px) {
  .panel { inset: 0 !important; width: 100%; height: 100%; max-width: none; max-height: none; border-radius: 0; }
  .header .close { display: grid !important; }
}
@media (prefers-reduced-motion) {
  * { animation: none !important; }
}
@media (forced-colors: active) {
  .panel, .toast, .badge, .snack, .pill, .tools { border: 1px solid; }
  li.unread::before, .selected.selected { forced-color-adjust: none; background: Highlight; color: HighlightText; }
}
@keyframes in { from { opacity: 0; translate: 0 6px; } }
@keyframes pulse { to { opacity: .5; } }
@keyframes ring { 50% { rotate: 20deg; } }
`;

/** @type {CSSStyleSheet | undefined} */
let shared;

/** The stylesheet; made when the first bell is. */
export function sheet() {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(css);
  }
  return shared;
}
