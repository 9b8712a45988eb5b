// @ts-check
// A classic script in <head>: the chosen theme must be known before the first paint, and modules run after it.
(() => {
  try {
    const theme = localStorage.getItem("pietura.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the theme then follows the system.
  }
})();
