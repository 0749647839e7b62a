// Search as one types: the list is asked for with the words so far, and the address keeps them.

const TYPING_MS = 220;
const form = document.getElementById("search");
const text = document.getElementById("search-text");
let timer = 0;
let latest = 0;

const address = () => {
  const given = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(given).toString();
  return query === "" ? "/calls" : `/calls?${query}`;
};

const search = async () => {
  const mine = ++latest;
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(address(), { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("results");
    // An answer that was overtaken by a later one is of no use.
    if (mine !== latest || !fresh) return;
    results.pristine = fresh.innerHTML;
    results.replaceChildren(...fresh.childNodes);
    results.dispatchEvent(new CustomEvent("callscribe:replaced", { bubbles: true }));
    history.replaceState(null, "", address());
  } catch {
    // The list stays as it was; the next letter asks again, and the page says by itself when the daemon is gone.
  } finally {
    if (mine === latest) results.removeAttribute("aria-busy");
  }
};

text.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, TYPING_MS);
});

// "/" goes to the search, as in many programs.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  text.focus();
  text.select();
});
