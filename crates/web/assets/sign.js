// Signing with a passkey: the page's challenge is answered by the person's authenticator, and the answer goes back with
// the form. What was answered is checked by the server; nothing is decided here.
const bytes = (text) => {
  const plain = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(plain + "=".repeat((4 - (plain.length % 4)) % 4)), (c) => c.charCodeAt(0));
};
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const tell = (box, words) => {
  const error = box.querySelector("[data-sign-error]");
  error.textContent = words;
  error.hidden = words === "";
};
const answer = async (box) => {
  const { challenge, rp, credentials } = box.dataset;
  const allowCredentials = credentials.split(" ").map((id) => ({ type: "public-key", id: bytes(id) }));
  const publicKey = { challenge: bytes(challenge), rpId: rp, allowCredentials, userVerification: "required", timeout: 120000 };
  const { rawId, response } = await navigator.credentials.get({ publicKey });
  const put = (name, buffer) => {
    box.querySelector(`input[name="key.${name}"]`).value = text(buffer);
  };
  put("credential", rawId);
  put("authenticator_data", response.authenticatorData);
  put("client_data", response.clientDataJSON);
  put("signature", response.signature);
};
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-sign-button]");
  if (!button || button.dataset.answered) return;
  event.preventDefault();
  const box = button.closest("[data-sign]");
  tell(box, "");
  if (!window.PublicKeyCredential || !navigator.credentials) {
    tell(box, box.dataset.noKey);
    return;
  }
  button.disabled = true;
  try {
    await answer(box);
    button.disabled = false;
    button.dataset.answered = "true";
    button.form.requestSubmit(button);
  } catch {
    tell(box, box.dataset.cancelled);
    button.disabled = false;
    button.focus();
  }
});
