// Before anything is painted: where no choice was made, dark or light is as the system says.
const root = document.documentElement;
if (root.dataset.theme === "auto") {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paint = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  paint();
  dark.addEventListener("change", paint);
}
root.classList.add("js");
