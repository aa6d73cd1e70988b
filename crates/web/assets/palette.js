// Ctrl+K: the search of the top bar in a dialog, moved through by arrows. Without it the form leads to the same page.
const dialog = document.getElementById("palette");
if (dialog) {
  const query = document.getElementById("palette-query");
  const found = document.getElementById("palette-found");
  let before = null;
  const options = () => [...found.querySelectorAll("a[role=option]")];
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const choose = (index) => {
    const all = options();
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (all[index]) {
      query.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    } else {
      query.removeAttribute("aria-activedescendant");
    }
  };
  const open = (text) => {
    before = document.activeElement;
    query.value = text;
    dialog.showModal();
    query.focus();
    query.dispatchEvent(new Event("palette"));
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!dialog.open) open("");
    }
  });
  query.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "ArrowDown" && count) {
      event.preventDefault();
      choose((chosen() + 1) % count);
    } else if (event.key === "ArrowUp" && count) {
      event.preventDefault();
      choose((chosen() - 1 + count) % count);
    } else if (event.key === "Escape") {
      // In a field of type search Escape would only empty it.
      event.preventDefault();
      dialog.close();
    } else if (event.key === "Enter" && chosen() >= 0) {
      event.preventDefault();
      options()[chosen()].click();
    }
  });
  found.addEventListener("htmx:afterSwap", () => choose(options().length ? 0 : -1));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => before && before.focus());
}
