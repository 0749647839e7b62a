// What every page needs: the switch of the theme, times in the reader's own zone, and forms that call the API.

const say = (text) => {
  const place = document.getElementById("said");
  place.textContent = text;
  place.classList.toggle("is-shown", text !== "");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => place.classList.remove("is-shown"), 6000);
};

// Theme: as the system, light, dark, and round again.
const themes = ["system", "light", "dark"];
const themeButton = document.getElementById("theme");
const themeNow = () => document.documentElement.dataset.theme ?? "system";
const showTheme = () => {
  const names = { system: "As the system", light: "Light", dark: "Dark" };
  document.getElementById("theme-word").textContent = names[themeNow()];
  themeButton.setAttribute("aria-label", `Theme: ${names[themeNow()]}. Change it.`);
};
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const next = themes[(themes.indexOf(themeNow()) + 1) % themes.length];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* lasts as long as the page */ }
  showTheme();
});
showTheme();

// Times are written in UTC by the server; here they become the reader's, with UTC on hover.
const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const localise = (root) => {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = time.textContent;
    time.textContent = zone.format(moment);
  }
};
localise(document);
document.addEventListener("callscribe:replaced", (event) => localise(event.target));

// Forms with data-api are sent to the API, which answers in JSON; what went wrong is said in its words.
const outcome = (form, answer) => {
  const wrong = (answer.items ?? []).flatMap((item) => [
    ...item.advice,
    ...(item.missing.length > 0 ? [`Missing: ${item.missing.join(", ")}.`] : []),
  ]);
  form.querySelector(".outcome").textContent = answer.success ? "It can do its work." : wrong.join(" ") || "It is not signed in.";
};

const tested = (form, answer) => {
  form.querySelector(".outcome").textContent = answer.success ? `It took the test event (${answer.status}).` : answer.error ?? "It did not take the test event.";
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-api]")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  // A button that were disabled would lose the focus, and a keyboard its place.
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    const method = form.dataset.method ?? "POST";
    const target = new URL(form.action);
    for (const [name, value] of new FormData(form)) target.searchParams.set(name, value);
    const response = await fetch(target, { method, headers: { accept: "application/json" } });
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) return location.assign("/sign-in");
    if (!response.ok) return say(`${answer.error?.message ?? "That did not work."} ${answer.error?.hint ?? ""}`);
    if (form.dataset.api === "leave") return location.assign("/calls");
    if (form.dataset.api === "checks") return outcome(form, answer);
    if (form.dataset.api === "tests") return tested(form, answer);
    say("Done. What changes is shown here by itself.");
    document.dispatchEvent(new CustomEvent("callscribe:changed"));
  } catch {
    say("The daemon does not answer. Does it still run?");
  } finally {
    button.ariaDisabled = null;
  }
});
