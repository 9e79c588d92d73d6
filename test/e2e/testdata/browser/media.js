"use strict";
// The media of a telephone in a page: RTCPeerConnection, and what it hears kept as samples
// of 8 kHz.

const phone = { state: "idle", log: [], pc: null, heard: [], video: false, codecs: null };

async function media() {
  const pc = phone.pc = new RTCPeerConnection();
  phone.heard = [];
  pc.ontrack = (e) => listen(new MediaStream([e.track]));
  pc.onconnectionstatechange = () => phone.log.push("* media is " + pc.connectionState);
  const mic = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  for (const track of mic.getTracks()) pc.addTrack(track, mic);
  if (phone.codecs) {
    const known = RTCRtpReceiver.getCapabilities("audio").codecs;
    pc.getTransceivers()[0].setCodecPreferences(phone.codecs.flatMap((name) => known.filter((c) => c.mimeType.toLowerCase() === "audio/" + name)));
  }
  return pc;
}

// speaks says in which codecs sound comes and goes, by what the browser counts.
phone.speaks = async () => {
  const all = await phone.pc.getStats();
  const codec = (type) => { for (const s of all.values()) if (s.type === type && s.codecId) return all.get(s.codecId).mimeType; };
  return `in ${codec("inbound-rtp")}, out ${codec("outbound-rtp")}`;
};

// gathered gives our description once no more addresses are to be found.
async function gathered(pc, description) {
  await pc.setLocalDescription(description);
  if (pc.iceGatheringState !== "complete") {
    await new Promise((done) => { pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done(); });
  }
  return pc.localDescription.sdp;
}

function listen(stream) {
  document.getElementById("remote").srcObject = stream; // without it nothing flows
  if (phone.ctx) phone.ctx.close(); // of an earlier call
  const ctx = phone.ctx = new AudioContext({ sampleRate: 8000 });
  const tap = ctx.createScriptProcessor(1024, 1, 1);
  ctx.createMediaStreamSource(stream).connect(tap);
  tap.connect(ctx.destination);
  tap.onaudioprocess = (e) => { for (const v of e.inputBuffer.getChannelData(0)) phone.heard.push(Math.round(Math.max(-1, Math.min(1, v)) * 32767)); };
}

// sound gives what was heard as base64 of 16 bits.
phone.sound = () => {
  const bytes = new Uint8Array(new Int16Array(phone.heard).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};

phone.press = async (keys) => {
  const sender = phone.pc.getSenders().find((s) => s.dtmf).dtmf;
  while (!sender.canInsertDTMF) await new Promise((again) => setTimeout(again, 50));
  sender.insertDTMF(keys, 120, 70);
};

// stats says what the browser counts, for a test that failed.
phone.stats = async () => {
  const all = [];
  for (const s of phone.pc ? (await phone.pc.getStats()).values() : []) {
    if (["inbound-rtp", "outbound-rtp", "candidate-pair", "local-candidate", "remote-candidate", "transport"].includes(s.type)) all.push("* " + JSON.stringify(s));
  }
  return [`* ${phone.heard.length} samples heard, context ${phone.ctx && phone.ctx.state}`, ...all].join("\n");
};

function over(why) {
  phone.state = "over";
  phone.log.push("* over: " + why);
  if (phone.pc) phone.pc.close();
}
