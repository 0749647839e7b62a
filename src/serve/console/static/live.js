// Keeps the page up to date: when the daemon says that a recording changed, and after the reader changed something, the
// page is asked for again and its regions marked data-live are replaced. What a region shows is made in one place only,
// on the server. Hidden pages ask for nothing.

const QUIET_MS = 700; // news within so short a time are one
const POLL_MS = 4000; // while there is no stream of events
const SLOWEST_MS = 60000; // after failures in a row

let wait = POLL_MS;
let timer = 0;
let asking = false;
let again = false;

const replace = (region, fresh) => {
  if (region.innerHTML === region.pristine && fresh.innerHTML === region.pristine) return;
  if (region.pristine === fresh.innerHTML) return;
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? [...region.querySelectorAll("a, button, input, select, summary")].indexOf(focused) : -1;
  region.pristine = fresh.innerHTML;
  region.replaceChildren(...fresh.childNodes);
  region.dispatchEvent(new CustomEvent("callscribe:replaced", { bubbles: true }));
  if (place >= 0) region.querySelectorAll("a, button, input, select, summary")[place]?.focus();
};

const refresh = async () => {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (response.redirected && new URL(response.url).pathname === "/sign-in") return location.assign("/sign-in");
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
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
    if (!document.hidden) await refresh();
    poll();
  }, delay);
};

const poll = () => soon(wait);

// The markup as the server wrote it, before scripts touch it, to see later whether it changed.
const original = async () => {
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    region.pristine = fresh.getElementById(region.id)?.innerHTML;
  }
};

document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
document.addEventListener("callscribe:changed", () => soon(150));
document.addEventListener("callscribe:moved", () => soon(0));
original().then(poll);
