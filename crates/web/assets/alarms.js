// A sound when another alarm stands, once somebody has switched it on: browsers let a page be heard after a press alone.
// It is a file of ours, fetched when it is switched on. What cannot be heard is told, and the button does not say that it is on.
const button = document.querySelector("[data-alarm-sound]");
if (button && "AudioContext" in window) {
  let context = null;
  let sound = null;
  const show = (failed) => {
    button.setAttribute("aria-pressed", String(sound !== null));
    button.querySelector("[data-on]").hidden = sound === null;
    button.querySelector("[data-off]").hidden = sound !== null;
    document.querySelector("[data-sound-failed]").hidden = !failed;
  };
  const play = () => {
    const source = context.createBufferSource();
    source.buffer = sound;
    source.connect(context.destination);
    source.start();
  };
  const off = () => {
    if (context) context.close();
    context = sound = null;
  };
  const on = async () => {
    // Begun within the press, before anything is waited for.
    context = new AudioContext();
    const answer = await fetch(button.dataset.file);
    if (!answer.ok) throw new Error(String(answer.status));
    sound = await context.decodeAudioData(await answer.arrayBuffer());
    play();
  };
  button.addEventListener("click", async () => {
    if (context) {
      off();
      show(false);
      return;
    }
    try {
      await on();
      show(false);
    } catch {
      off();
      show(true);
    }
  });
  let newest = Number(button.dataset.alarmSound);
  document.body.addEventListener("ward:alarms", (event) => {
    if (sound && Number(event.detail) > newest) play();
    newest = Math.max(newest, Number(event.detail));
  });
  button.hidden = false;
  show(false);
}
