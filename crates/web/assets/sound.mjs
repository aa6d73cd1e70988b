// The sound of an alarm, as a WAV file: two short tones, the second higher, each dying away. Linear PCM, 16 bits, mono.
// Source: Multimedia Programming Interface and Data Specifications 1.0, "Waveform Audio File Format".
const RATE = 22_050;
const TONES = [880, 1175];
// Seconds of a tone.
const EACH = 0.25;
// Of full scale; a tone begins within so many seconds, so that it does not click, and falls to a hundredth.
const LOUD = 0.5;
const RISE = 0.005;

export function alarm() {
  const each = Math.round(RATE * EACH);
  const data = Buffer.alloc(2 * each * TONES.length);
  TONES.forEach((frequency, nth) => {
    for (let at = 0; at < each; at += 1) {
      const second = at / RATE;
      const volume = LOUD * Math.min(1, second / RISE) * 0.01 ** (second / EACH);
      const wave = Math.sin(2 * Math.PI * frequency * second);
      data.writeInt16LE(Math.round(32_767 * volume * wave), 2 * (nth * each + at));
    }
  });
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "ascii");
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8, "ascii");
  head.writeUInt32LE(16, 16);
  // PCM, one channel.
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(2 * RATE, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "ascii");
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
