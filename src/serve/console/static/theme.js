// Light or dark as the reader chose, set before anything is drawn. Without a choice the system decides.
(() => {
  let choice = null;
  try { choice = localStorage.getItem("theme"); } catch { /* storage is off: the system decides */ }
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
