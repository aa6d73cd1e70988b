// A sound when another alarm stands, once somebody has switched it on. It is made here; no file is loaded.
const button = document.querySelector("[data-alarm-sound]");
if (button && "AudioContext" in window) {
  let sound = null;
  const show = () => {
    button.setAttribute("aria-pressed", String(sound !== null));
    button.querySelector("[data-on]").hidden = sound === null;
    button.querySelector("[data-off]").hidden = sound !== null;
  };
  // Two short tones, the second higher.
  const play = () => {
    [[880, 0], [1175, 0.25]].forEach(([frequency, after]) => {
      const [tone, volume] = [sound.createOscillator(), sound.createGain()];
      const begin = sound.currentTime + after;
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.2, begin);
      volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.2);
      tone.connect(volume).connect(sound.destination);
      tone.start(begin);
      tone.stop(begin + 0.2);
    });
  };
  button.addEventListener("click", () => {
    if (sound) sound.close();
    sound = sound ? null : new AudioContext();
    if (sound) play();
    show();
  });
  let newest = Number(button.dataset.alarmSound);
  document.body.addEventListener("ward:alarms", (event) => {
    if (sound && Number(event.detail) > newest) play();
    newest = Math.max(newest, Number(event.detail));
  });
  button.hidden = false;
  show();
}
