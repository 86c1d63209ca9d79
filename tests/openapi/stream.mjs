// SPDX-License-Identifier: Apache-2.0
// Reads a text/event-stream answer of fetch, event by event.

// `onEvent` gets each {event, data} that has data; what it throws, next() throws.
export function listen(answer, onEvent) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const events = [];
  let waiting = [];
  let failed = null;

  const offer = () => {
    waiting = waiting.filter((wait) => {
      const at = events.findIndex(({ event, data }) => event === wait.event && wait.accept(data));
      if (at >= 0) wait.resolve(events.splice(at, 1)[0].data);
      else if (failed) wait.reject(failed);
      return at < 0 && !failed;
    });
  };

  const read = async () => {
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error('the stream has ended');
      text += value.replace(/^:.*\n/gm, '');
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line)).filter(Boolean);
        text = text.slice(end + 2);
        const { event, data } = Object.fromEntries(lines.map(([, name, rest]) => [name, rest]));
        if (data === undefined) continue;
        onEvent({ event, data });
        events.push({ event, data: JSON.parse(data) });
      }
      offer();
    }
  };
  read().catch((error) => {
    failed = error;
    offer();
  });

  return {
    // The data of the next event of that name that `accept` takes.
    next(event, accept = () => true) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${event} within 10 s`)), 10_000);
        const settle = (done) => (value) => { clearTimeout(timer); done(value); };
        waiting.push({ event, accept, resolve: settle(resolve), reject: settle(reject) });
        offer();
      });
    },
    close: () => reader.cancel().catch(() => {}),
  };
}
