// Sets the theme before the first paint. It is a file of its own because the Content-Security-Policy forbids inline scripts.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem("timevis-theme");
  } catch {
    // Storage can be disabled; the theme of the system is used.
  }
  const dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
