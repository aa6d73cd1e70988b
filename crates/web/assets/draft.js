// What was typed into a form is kept as a draft a while after the last change. Files go with the form itself.
const wait = 4000;
let timer = 0;
const keep = async (form, place) => {
  const pairs = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "_do") pairs.append(name, value);
  }
  pairs.append("_do", "draft-auto");
  const told = place.querySelector("[data-draft-told]");
  const sent = { method: "POST", body: pairs, credentials: "same-origin" };
  const answer = await fetch(place.dataset.draft, sent).catch(() => null);
  if (!answer || answer.status !== 204) {
    if (told) told.textContent = place.dataset.lost;
    return;
  }
  const now = new Date();
  const clock = `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
  if (told) told.textContent = `${place.dataset.kept} ${clock}`;
};
const changed = (event) => {
  const place = event.target.closest("[data-draft]");
  const form = event.target.closest("form");
  if (!place || !form || form.id !== "form" || event.target.type === "file") return;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => keep(form, place), wait);
};
document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("submit", () => window.clearTimeout(timer));
