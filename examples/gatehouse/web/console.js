// Keeps the console as things are now. Each event of the stream is named for a part of the page, and
// is that part as the server draws it. Without this script the page says how things were.
'use strict';

const live = document.getElementById('live');
const parts = document.querySelectorAll('[data-part]');
const askAgainAfter = 3000;
let source = null;
let timer = 0;

function say(words) {
  if (live.textContent !== words) live.textContent = words;
}

function watch() {
  source = new EventSource(live.dataset.events);
  source.addEventListener('open', () => say('Live since then.'));
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) {
      // The browser does not ask again by itself when it was refused.
      say('Not live: refused. Perhaps your session has ended.');
      timer = setTimeout(watch, askAgainAfter);
    } else {
      say('Not live: the connection was lost; trying again.');
    }
  });
  for (const part of parts) {
    source.addEventListener(part.id, (event) => {
      part.innerHTML = event.data;
    });
  }
}

function rest() {
  clearTimeout(timer);
  if (source) source.close();
  source = null;
}

// Nobody looks at a page that is hidden, and a server has few places for those who look.
document.addEventListener('visibilitychange', () => {
  rest();
  if (!document.hidden) watch();
});
addEventListener('pagehide', rest);
watch();
