// Keeps the page up to date: when the daemon tells of a change (GET /api/v1/events), and after the reader changed
// something, the page is asked for again and its regions marked data-live are replaced. What a region shows is made in one
// place only, on the server; progress alone is written here, as it comes several times a second. Hidden pages hold no
// stream, since a browser has few connections to one host.

const QUIET_MS = 500; // news within so short a time are one
const POLL_MS = 4000; // while there is no stream of events
const SLOWEST_MS = 60000; // after failures in a row

let wait = POLL_MS;
let timer = 0;
let asking = false;
let again = false;

const replace = (region, fresh) => {
  if (region.pristine === fresh.innerHTML) return;
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? [...region.querySelectorAll("a, button, input, select, summary")].indexOf(focused) : -1;
  region.pristine = fresh.innerHTML;
  region.toggleAttribute("data-poll", fresh.hasAttribute("data-poll"));
  region.replaceChildren(...fresh.childNodes);
  region.dispatchEvent(new CustomEvent("callscribe:replaced", { bubbles: true }));
  if (place >= 0) region.querySelectorAll("a, button, input, select, summary")[place]?.focus();
};

const refresh = async () => {
  if (asking) { again = true; return; }
  asking = true;
  const asked = location.href;
  try {
    const response = await fetch(asked, { headers: { accept: "text/html" } });
    if (response.redirected && new URL(response.url).pathname === "/sign-in") return location.assign("/sign-in");
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    // Somebody searched meanwhile: this answer is to another question.
    if (location.href !== asked) { again = true; return; }
    for (const region of document.querySelectorAll("[data-live]")) {
      // Nothing moves under the reader's hands.
      if (String(getSelection()) !== "" && region.contains(getSelection().anchorNode)) continue;
      const other = fresh.getElementById(region.id);
      if (other) replace(region, other);
    }
    wait = POLL_MS;
  } catch {
    wait = Math.min(wait * 2, SLOWEST_MS);
  } finally {
    asking = false;
    if (again) { again = false; soon(); }
  }
};

const soon = (delay = QUIET_MS) => {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (document.hidden) return;
    await refresh();
    // Without a stream, and for what no event tells of, the page asks by itself.
    if (stream?.readyState !== EventSource.OPEN || document.querySelector("[data-poll]")) soon(wait);
  }, delay);
};

// News that keep coming must not put the answer off for ever.
let firstNews = 0;
const hear = () => {
  const now = performance.now();
  if (now - firstNews > 4 * QUIET_MS) firstNews = now;
  soon(Math.max(0, Math.min(QUIET_MS, firstNews + 3 * QUIET_MS - now)));
};

const progress = (event) => {
  const { id, windows_done: done, windows_total: total } = JSON.parse(event.data);
  const places = document.querySelectorAll(`[data-progress="${CSS.escape(id)}"]`);
  if (places.length === 0 || !total) return hear();
  for (const place of places) {
    const bar = place.querySelector("progress");
    if (bar.max !== total) bar.max = total;
    bar.value = done;
    const text = place.querySelector(".number");
    if (text) text.textContent = `${done} of ${total}`;
  }
};

let stream = null;
const listen = () => {
  const only = document.querySelector("[data-recording]")?.dataset.recording;
  stream = new EventSource(only ? `/api/v1/events?recording=${only}` : "/api/v1/events");
  for (const name of ["recording", "queue", "reset"]) stream.addEventListener(name, hear);
  stream.addEventListener("progress", progress);
  stream.addEventListener("error", () => soon(wait));
};

// The markup as the server wrote it, before scripts touch it, to see later whether it changed.
const original = async () => {
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    region.pristine = fresh.getElementById(region.id)?.innerHTML;
  }
};

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else if (!stream) {
    listen();
    soon(0);
  }
});
addEventListener("pagehide", () => stream?.close());
document.addEventListener("callscribe:changed", () => soon(150));
original().then(() => { if (!document.hidden) listen(); soon(0); });
