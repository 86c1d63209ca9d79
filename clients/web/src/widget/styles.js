// SPDX-License-Identifier: Apache-2.0
// The look, as one constructable stylesheet that all bells of a page share: no <style> element and
// no style attribute, so that `style-src 'none'` has nothing to refuse. Sizes are in em of
// --belfry-font-size; the custom properties are listed in docs/widget.md.

const css = `
:host {
  all: initial;
  --accent: var(--belfry-accent, light-dark(#4650dc, #98a2ff));
  --on-accent: var(--belfry-on-accent, light-dark(#fff, #12131c));
  --bg: var(--belfry-background, light-dark(#fff, #191a1f));
  --hover: var(--belfry-hover, light-dark(#f5f6f8, #22242b));
  --text: var(--belfry-text, light-dark(#17191e, #eceef2));
  --muted: var(--belfry-muted, light-dark(#5b626f, #a0a7b4));
  --line: var(--belfry-border, light-dark(#e5e7ec, #2e313a));
  --success: light-dark(#0b7a4b, #4cc38a);
  --warning: light-dark(#8f5600, #f0b13c);
  --error: light-dark(#c4231a, #ff8a80);
  --radius: var(--belfry-radius, 12px);
  --shadow: var(--belfry-shadow, 0 0 0 1px var(--line), 0 18px 40px -8px light-dark(#0f172a40, #000c));
  color-scheme: light dark;
  color: inherit;
  display: inline-block;
  font: var(--belfry-font-size, 14px)/1.45 var(--belfry-font, ui-sans-serif, system-ui, sans-serif);
}
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host([floating]) { position: fixed; inset-block-start: 16px; inset-inline-end: 16px; z-index: 2147483000; }
:host([floating]) .bell { background: var(--bg); color: var(--text); box-shadow: var(--shadow); }
:host([hidden]), [hidden], .header [data-op=close] { display: none !important; }
* { box-sizing: border-box; margin: 0; padding: 0; font: inherit; color: inherit; }
button { background: none; border: 0; text-align: start; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.icon { width: 1.3em; height: 1.3em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.bell, .button, .avatar { display: grid; place-items: center; border-radius: 50%; }
.bell { position: relative; width: 2.6em; height: 2.6em; }
.bell .icon { width: 1.65em; height: 1.65em; }
.bell:hover, .bell[aria-expanded=true] { background: color-mix(in srgb, currentColor 9%, var(--belfry-bell-background, transparent)); }
.badge { position: absolute; inset-block-start: -.1em; inset-inline-start: 52%; min-width: 1.6em; padding: 0 .4em; border-radius: 1em; background: var(--belfry-badge, #d92d20); color: var(--belfry-on-badge, #fff); font-size: .78em; font-weight: 600; line-height: 1.6; text-align: center; box-shadow: 0 0 0 2px var(--belfry-badge-ring, var(--bg)); }
.badge::before { content: attr(data-count); }
.ring .icon { transform-origin: top; animation: ring .5s; }
:host([data-state=offline]) .bell, :host([data-state=refused]) .bell { opacity: .6; }

.panel, .toast { border: 0; border-radius: var(--radius); background: var(--bg); color: var(--text); box-shadow: var(--shadow); animation: in .15s; }
.panel { position: fixed; inset: auto; width: var(--belfry-width, 400px); max-width: calc(100vw - 24px); height: min(var(--belfry-height, 620px), var(--room)); overflow: hidden; outline: none; }
.view { position: relative; display: flex; flex-direction: column; height: 100%; }
.header, .tabs, .tab, .kinds, .chip, .banner, .line, .actions, .pill, .snack { display: flex; align-items: center; gap: .5em; }
.header { gap: .15em; padding: .75em .65em .35em 1.15em; padding-inline: 1.15em .65em; }
.heading { flex: 1; font-size: 1.1em; font-weight: 650; }
.button { width: 2.15em; height: 2.15em; border-radius: .5em; color: var(--muted); }
.button:disabled { opacity: .4; pointer-events: none; }
.tabs, .kinds, .banner, .item { padding: 0 1.15em; border-bottom: 1px solid var(--line); }
.tabs { gap: 1.25em; }
.tab { padding: .55em 0 .6em; margin-bottom: -1px; border-bottom: 2px solid transparent; border-radius: 1px; color: var(--muted); font-weight: 500; }
.tab.selected { color: var(--text); border-color: var(--accent); }
.count, .times { padding: 0 .5em; border-radius: 1em; background: var(--line); color: var(--text); font-size: .82em; white-space: nowrap; }
.kinds { flex: none; padding-block: .65em; overflow-x: auto; scrollbar-width: none; }
.chip { flex: none; padding: .25em .8em; border: 1px solid var(--line); border-radius: 2em; color: var(--muted); }
.chip.selected { background: var(--text); color: var(--bg); }
.banner { padding-block: .6em; background: var(--hover); color: var(--muted); }

.feed { position: relative; flex: 1; min-height: 0; }
.scroller { height: 100%; overflow-y: auto; overscroll-behavior: contain; outline-offset: -2px; scrollbar-width: thin; }
.list { list-style: none; }
.item { position: relative; display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2em .85em; padding-block: .95em; padding-inline-start: 1.4em; }
li { content-visibility: auto; contain-intrinsic-size: auto 6em; }
li.unread::before { content: ""; position: absolute; inset-block-start: 1.75em; inset-inline-start: .5em; width: .5em; height: .5em; border-radius: 50%; background: var(--accent); }
.text { grid-column: 2; overflow-wrap: anywhere; }
.line { align-items: baseline; }
.title { flex: 0 auto; text-decoration: none; outline: none; }
.unread .title { font-weight: 600; }
.title::after { content: ""; position: absolute; inset: 0; border-radius: inherit; }
.title:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; }
.body, .time, .message, .more { color: var(--muted); }
.body { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; white-space: pre-line; }
.wide .body { -webkit-line-clamp: none; }
.time { margin-inline-start: auto; font-size: .87em; white-space: nowrap; }
.avatar { width: 2.3em; height: 2.3em; grid-area: 1/1; overflow: hidden; background: color-mix(in srgb, var(--level, var(--accent)) 13%, var(--bg)); color: var(--level, var(--accent)); }
.actor { background: light-dark(hsl(var(--hue) 60% 91%), hsl(var(--hue) 28% 27%)); color: light-dark(hsl(var(--hue) 55% 26%), hsl(var(--hue) 60% 88%)); font-weight: 600; }
img { width: 100%; height: 100%; object-fit: cover; }
.success { --level: var(--success); }
.warning { --level: var(--warning); }
.error { --level: var(--error); }
.mark { grid-area: 1/1; place-self: start end; margin: 1.35em -.4em; border-radius: 50%; background: var(--bg); color: var(--level); }
.mark .icon { width: 1.2em; height: 1.2em; stroke-width: 2.2; display: block; }
.actions { flex-wrap: wrap; margin-top: .6em; }
.action { position: relative; padding: .3em .8em; border: 1px solid var(--line); border-radius: .55em; background: var(--bg); font-weight: 500; text-decoration: none; }
.action.first { border-color: transparent; background: color-mix(in srgb, var(--accent) 14%, var(--bg)); color: var(--accent); }
.tools { position: absolute; inset-block-start: .55em; inset-inline-end: .75em; display: flex; }
.pill { position: absolute; z-index: 1; inset-block-start: .7em; inset-inline: 0; margin: auto; width: max-content; padding: .4em 1em; border-radius: 2em; background: var(--accent); color: var(--on-accent); font-weight: 600; box-shadow: var(--shadow); animation: in .15s; }
.message { display: grid; justify-items: center; gap: .4em; padding: 4.5em 2.4em; text-align: center; overflow-wrap: anywhere; }
.message .icon { padding: .8em; box-sizing: content-box; border-radius: 50%; background: var(--hover); font-size: 1.5em; stroke-width: 1.4; }
.message .icon, .message .action { margin: .5em; }
h3 { color: var(--text); font-weight: 600; }
.bone { width: 112%; height: 4.4em; background: radial-gradient(circle at 1.2em, var(--line) 1.15em, #0000 1.2em), linear-gradient(var(--line), var(--line)) 3.2em 35%/100% .7em, linear-gradient(var(--line), var(--line)) 3.2em 65%/55% .7em; background-repeat: no-repeat; animation: pulse 1s infinite alternate; }
.message:has(.bone) { padding-top: .6em; }
.bone:dir(rtl), [data-op=back]:dir(rtl) { scale: -1 1; }
.more { padding: 1em; text-align: center; }
.snack { position: absolute; inset: auto .9em .9em; justify-content: space-between; padding: .65em 1em; border-radius: .7em; background: var(--text); color: var(--bg); animation: in .15s; }
.undo { font-weight: 600; text-decoration: underline; padding: .1em .4em; outline-color: currentColor; }

.toasts { position: fixed; inset: auto; inset-block-end: 20px; inset-inline-end: 20px; width: min(376px, 100vw - 40px); border: 0; background: none; overflow: visible; }
.toasts[data-at$=start] { inset-inline: 20px auto; }
.toasts[data-at^=top] { inset-block: 20px auto; }
.toast { margin-top: 10px; padding-inline: 1.15em; border: 0; }
.toast.error { outline: 1px solid var(--error); }
.toast .time { margin-inline-end: 1.8em; }

@media (hover: hover) {
  .bell:hover { background: color-mix(in srgb, currentColor 9%, transparent); }
  .button:hover, .tab:hover, .chip:hover { color: var(--text); }
  .button:hover { background: color-mix(in srgb, currentColor 12%, var(--bg)); }
  li:hover, li:focus-within, .action:hover { background: var(--hover); }
  li .tools { opacity: 0; padding: 2px; border-radius: .65em; background: var(--bg); box-shadow: 0 0 0 1px var(--line), 0 2px 6px #0001; }
  li:hover .tools, li:focus-within .tools { opacity: 1; }
}
@media (hover: none) {
  li .tools { position: relative; grid-column: 2; inset: auto; margin: -.1em -.6em -.5em; }
}
@media (max-width: 480px) {
  .panel { inset: 0 !important; width: 100%; height: 100%; max-width: none; max-height: none; border-radius: 0; padding-block: env(safe-area-inset-top) env(safe-area-inset-bottom); }
  [data-op=close] { display: grid !important; }
}
@media (prefers-reduced-motion) {
  * { animation: none !important; }
}
@media (forced-colors: active) {
  .panel, .toast, .badge, .snack, .pill, .tools { border: 1px solid; }
  li.unread::before, .selected { forced-color-adjust: none; background: Highlight; color: HighlightText; }
}
@keyframes in { from { opacity: 0; translate: 0 var(--from, 6px); } }
@keyframes pulse { to { opacity: .4; } }
@keyframes ring { 20% { rotate: 14deg; } 45% { rotate: -11deg; } 70% { rotate: 6deg; } }
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
