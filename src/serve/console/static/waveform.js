// Draws the sound into the speakers' lanes: grey where others speak, in the speaker's colour where he does.

const POINTS = 1000;
const MIDDLE = 28;

// One closed outline: the tops from left to right, the bottoms back.
const outline = (peaks, loudest) => {
  const count = Math.min(POINTS, peaks.length);
  const tops = [];
  const bottoms = [];
  for (let point = 0; point < count; point++) {
    const from = Math.floor((point * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((point + 1) * peaks.length) / count));
    let peak = 0;
    for (let index = from; index < to; index++) peak = Math.max(peak, peaks[index]);
    const x = ((point * 1000) / count).toFixed(1);
    const height = Math.max(0.5, (peak / loudest) * (MIDDLE - 2));
    tops.push(`${x} ${(MIDDLE - height).toFixed(1)}`);
    bottoms.push(`${x} ${(MIDDLE + height).toFixed(1)}`);
  }
  return `M${tops.join("L")}L${bottoms.reverse().join("L")}Z`;
};

const draw = async () => {
  const lanes = document.getElementById("lanes");
  if (!lanes?.dataset.waveform) return;
  const state = document.getElementById("waveform-state");
  const slow = setTimeout(() => { state.textContent = "Drawing the sound…"; }, 400);
  try {
    const response = await fetch(lanes.dataset.waveform);
    const answer = await response.json();
    if (!response.ok) {
      state.textContent = `The sound cannot be drawn: ${answer.error?.message ?? "no reason was given."}`;
      return;
    }
    state.textContent = "";
    // One scale for all channels, so that a quiet party looks quiet; silence is not blown up.
    const loudest = Math.max(24, ...answer.channels.map((peaks) => peaks.reduce((a, b) => Math.max(a, b), 0)));
    for (const lane of lanes.querySelectorAll(".lane")) {
      const peaks = answer.channels[Number(lane.dataset.channel)];
      if (!peaks?.length) continue;
      const path = outline(peaks, loudest);
      for (const sound of lane.querySelectorAll(".sound")) sound.setAttribute("d", path);
      lane.classList.add("is-drawn");
    }
  } catch {
    state.textContent = "The sound cannot be drawn: the daemon does not answer.";
  } finally {
    clearTimeout(slow);
  }
};

draw();
document.addEventListener("callscribe:replaced", (event) => { if (event.target.id === "content") draw(); });
