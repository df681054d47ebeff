// Speech by the JavaScript clients of OpenAI and ElevenLabs, unmodified.
//
//     npm install openai @elevenlabs/elevenlabs-js
//     node tests/clients/javascript.mjs http://localhost:8000 $MYNAH_KEY recording.wav
//
// Each line tells a call and what it got; a call that fails ends it with an error. The key needs the
// scopes speak and train. The clients are 128 MB, so that no test runs this. On 2026-12-01 all calls
// answered (openai 6.49.0, @elevenlabs/elevenlabs-js 2.73.0, Node 20).

import { createReadStream } from "node:fs";
import { ElevenLabsClient } from "@elevenlabs/elevenlabs-js";
import OpenAI from "openai";

const [url, key, recording] = process.argv.slice(2);
const TEXT = "How are you today? I am very well.";

async function size(stream) {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  if (!bytes) throw new Error("no audio");
  return `${bytes} bytes`;
}

async function openai(tell) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
  const models = await client.models.list();
  tell("models.list", models.data.map((model) => model.id));
  for (const voice of ["alloy", "nova"]) {
    const speech = await client.audio.speech.create({ model: "tts-1", voice, input: TEXT });
    tell(`audio.speech.create ${voice}`, await size(speech.body));
  }
  const wav = { model: "gpt-4o-mini-tts", voice: "ash", input: TEXT, response_format: "wav" };
  const speech = await client.audio.speech.create(wav);
  tell("audio.speech.create wav", `${(await speech.arrayBuffer()).byteLength} bytes`);
  const unknown = { model: "tts-1", voice: "nobody", input: TEXT };
  await client.audio.speech.create(unknown).then(
    () => { throw new Error("nobody spoke"); },
    (error) => tell("an unknown voice", `${error.constructor.name} ${error.status}`),
  );
}

async function elevenlabs(tell) {
  const client = new ElevenLabsClient({ baseUrl: `${url}/elevenlabs`, apiKey: key });
  const speech = client.textToSpeech;
  const voice = "JBFqnCBsd6RMkjVDRZzb";
  const words = { text: TEXT, modelId: "eleven_multilingual_v2" };
  tell("convert", await size(await speech.convert(voice, words)));
  tell("stream", await size(await speech.stream(voice, { ...words, outputFormat: "pcm_16000" })));
  const timed = await speech.convertWithTimestamps(voice, words);
  tell("convertWithTimestamps", timed.alignment.characters.join(""));
  let told = "";
  for await (const line of await speech.streamWithTimestamps(voice, words)) {
    told += line.alignment?.characters.join("") ?? "";
  }
  tell("streamWithTimestamps", told);
  tell("voices.search", (await client.voices.search()).voices.map((each) => each.name));
  const files = [createReadStream(recording)];
  const made = await client.voices.ivc.create({ name: `client ${process.pid}`, files });
  tell("voices.ivc.create", Boolean(made.voiceId));
  await client.voices.update(made.voiceId, { name: `renamed ${process.pid}` });
  tell("voices.get", (await client.voices.get(made.voiceId)).name.startsWith("renamed"));
  tell("convert, own voice", await size(await speech.convert(made.voiceId, words)));
  tell("voices.delete", (await client.voices.delete(made.voiceId)).status);
  tell("models.list", (await client.models.list()).map((model) => model.modelId));
  tell("user.get", Boolean((await client.user.get()).userId));
  tell("history.list", (await client.history.list()).history.length);
}

for (const [name, calls] of Object.entries({ openai, elevenlabs })) {
  await calls((call, result) => console.log(`${name} ${call}:`, result));
}
