/**
 * What the measurements put into the page, before anything else runs there. It tells, each with the machine's clock in
 * milliseconds: the newest word that each text shows, once the frame that shows it has been painted; tasks over
 * 50 ms; clicks; and when the page's loading began.
 *
 * A change made within a frame's callbacks is painted by that frame, any other by the next. A message that is posted
 * in a frame arrives when the frame's work on this thread is done: layout, paint, and handing over to the
 * compositor. What the compositor then takes is not in the figures.
 */

(() => {
  const WORD = /(?<![a-z])[a-z]{4}(?![a-z])/g;
  const FLUSH = 200;

  let told = [];
  const tell = (kind, members) => told.push({ kind, at: Date.now(), ...members });
  const flush = () => {
    if (told.length > 0) globalThis.heard(JSON.stringify(told));
    told = [];
  };
  setInterval(flush, FLUSH);

  told.push({ kind: "page", at: performance.timeOrigin });

  const frame = globalThis.requestAnimationFrame.bind(globalThis);
  let inFrame = false;
  globalThis.requestAnimationFrame = (callback) =>
    frame((now) => {
      inFrame = true;
      try {
        callback(now);
      } finally {
        queueMicrotask(() => (inFrame = false)); // after the microtask that hears of what was changed
      }
    });

  /** The newest word of a text: near its end, behind it stand marks at most. */
  const newest = (text) => {
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    let last = text;
    while (last.lastChild) last = last.lastChild;
    walker.currentNode = last;
    for (let node = last, steps = 0; node && steps < 40 && text.contains(node); node = walker.previousNode(), steps += 1) {
      const words = node.nodeType === 3 ? node.data.slice(-200).match(WORD) : null;
      if (words) return words.at(-1);
    }
    return "";
  };

  let flushed = 0;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data: news }) => {
    const at = Date.now();
    for (const one of news) told.push({ kind: "seen", at, ...one });
    if (at - flushed < FLUSH) return;
    flushed = at;
    flush(); // a page that is never idle has no turn for timers
  };

  const texts = document.getElementsByClassName("CLASS");
  /** What each shows. @type {string[]} */
  const seen = [];
  const look = () => {
    const news = [];
    for (let pane = 0; pane < texts.length; pane += 1) {
      const word = newest(texts[pane]);
      if (!word || seen[pane] === word) continue;
      seen[pane] = word;
      news.push({ pane, word });
    }
    if (news.length === 0) return;
    if (inFrame) port2.postMessage(news);
    else frame(() => port2.postMessage(news));
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });

  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      told.push({ kind: "task", at: performance.timeOrigin + startTime, ms: duration });
    }
  }).observe({ type: "longtask", buffered: true });

  addEventListener("click", () => tell("click", {}), true);
})();
