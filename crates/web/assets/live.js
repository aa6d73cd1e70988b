// What happens meanwhile: notices as they come (server-sent events), and what went wrong with a request.
const region = document.getElementById("live");
if (region) {
  const note = (text, href, bad) => {
    const box = document.createElement("div");
    box.className = bad ? "toast-note bad" : "toast-note";
    const words = document.createElement("p");
    words.textContent = text;
    box.append(words);
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = region.dataset.open;
      box.append(link);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", region.dataset.close);
    close.addEventListener("click", () => box.remove());
    box.append(close);
    region.append(box);
    while (region.children.length > 4) region.firstElementChild.remove();
  };
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.getResponseHeader("hx-redirect")) return;
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const words = answer.querySelector("[role=alert]");
    note(words ? words.textContent.replace(/\s+/g, " ").trim() : region.dataset.failed, null, true);
  });
  document.addEventListener("htmx:sendError", () => note(region.dataset.offline, null, true));
  const source = document.body.dataset.live;
  if (source && "EventSource" in window) {
    const events = new EventSource(source);
    events.addEventListener("notice", (event) => {
      const { text, href } = JSON.parse(event.data);
      note(text, href, false);
    });
    // Each commit is told. What is shown of one's own work is looked at anew, but not more often than people look.
    const apart = 20000;
    let last = Date.now();
    let waiting = 0;
    const moved = () => {
      waiting = 0;
      if (document.hidden) return;
      last = Date.now();
      document.body.dispatchEvent(new CustomEvent("ward:moved"));
    };
    let told = false;
    events.addEventListener("unread", (event) => {
      if (told && !waiting) waiting = window.setTimeout(moved, Math.max(1000, last + apart - Date.now()));
      told = true;
      const badge = document.querySelector("[data-unread]");
      if (!badge) return;
      badge.hidden = event.data === "0";
      badge.textContent = event.data;
    });
    window.addEventListener("pagehide", () => events.close());
  }
}
