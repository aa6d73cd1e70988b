// Passkeys: a form asks the server what to ask the browser, puts the browser's answer into a field, and is sent.
// Without script, or where the browser has none, the form stays hidden and other ways are open.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const read = (options, creating) => {
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const challenge = bytes(options.challenge);
  if (!creating) return { ...options, challenge, allowCredentials: known(options.allowCredentials) };
  const user = { ...options.user, id: bytes(options.user.id) };
  return { ...options, challenge, user, excludeCredentials: known(options.excludeCredentials) };
};

const written = (made) => {
  const { response } = made;
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = text(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment || undefined,
    clientExtensionResults: made.getClientExtensionResults(),
    response: parts,
  };
};

const run = async (form) => {
  const creating = form.dataset.passkey === "create";
  const body = new URLSearchParams();
  for (const name of ["csrf", "password"]) {
    const field = form.elements.namedItem(name);
    if (field) body.set(name, field.value);
  }
  const answer = await fetch(form.dataset.ask, { method: "POST", body, headers: { accept: "application/json" } });
  const asked = await answer.json();
  if (!answer.ok) throw new Error(asked.detail || "");
  const publicKey = read(asked.options.publicKey || asked.options, creating);
  const made = creating
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.namedItem("token").value = asked.token;
  form.elements.namedItem("answer").value = JSON.stringify(written(made));
};

if (window.PublicKeyCredential && window.isSecureContext) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      if (form.elements.namedItem("answer").value) return;
      event.preventDefault();
      const problem = form.querySelector("[data-problem]");
      const button = form.querySelector("button");
      problem.hidden = true;
      button.disabled = true;
      run(form)
        .then(() => form.submit())
        .catch((error) => {
          const ours = error instanceof Error && !(error instanceof DOMException) && error.message;
          problem.textContent = ours || form.dataset.failed;
          problem.hidden = false;
          button.disabled = false;
          button.focus();
        });
    });
  }
}
