// The player and the transcript that follows it: click a word to hear it, and see the word that is heard.

const LEAP_S = 5;
const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const READ_MS = 4000; // after the reader scrolls, the transcript does not scroll by itself for so long

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${Math.floor(whole / 60) % 60}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}` : rest;
};

const listen = () => {
  const audio = document.getElementById("audio");
  if (!audio || audio.dataset.ready) return;
  audio.dataset.ready = "yes";
  const [play, seek, speed, now] = ["play", "seek", "speed", "now"].map((id) => document.getElementById(id));
  const [follow, lanes, needle] = ["follow", "lanes", "needle"].map((id) => document.getElementById(id));
  const words = [...document.querySelectorAll("#turns .w")];
  // Both parties may speak at once, so words are not in order of time everywhere.
  const order = words.map((word) => ({ word, start: Number(word.dataset.s), end: Number(word.dataset.e) }));
  order.sort((one, other) => one.start - other.start);
  let current = -1;
  let scrolled = -READ_MS;
  let itself = false;

  const lengthMs = () => (Number.isFinite(audio.duration) ? audio.duration * 1000 : Number(audio.dataset.ms)) || 1;

  // The last word that has begun.
  const at = (ms) => {
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order[middle].start <= ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  // Of all words one can be reached by Tab; the arrow keys go on from it.
  let reachable = null;
  const reach = (word) => {
    if (reachable) reachable.tabIndex = -1;
    reachable = word;
    if (word) word.tabIndex = 0;
  };
  reach(words[0]);

  const show = () => {
    const ms = audio.currentTime * 1000;
    now.textContent = clock(audio.currentTime);
    seek.value = String(ms);
    seek.setAttribute("aria-valuetext", clock(audio.currentTime));
    if (needle && lanes) {
      const sound = lanes.querySelector(".lane-sound");
      if (sound) {
        const [lane, all] = [sound.getBoundingClientRect(), lanes.getBoundingClientRect()];
        needle.hidden = false;
        needle.style.left = `${lane.left - all.left + (ms / lengthMs()) * lane.width}px`;
      }
    }
    const index = at(ms + 20);
    if (index === current) return;
    if (current >= 0) order[current].word.classList.remove("is-now");
    current = index;
    if (index < 0) return;
    const { word } = order[index];
    word.classList.add("is-now");
    if (!document.activeElement?.matches("#turns .w")) reach(word);
    if (!follow.checked || audio.paused || performance.now() - scrolled < READ_MS) return;
    const box = word.getBoundingClientRect();
    if (box.top < 120 || box.bottom > innerHeight - 120) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      itself = true;
      word.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      setTimeout(() => { itself = false; }, 800);
    }
  };

  const frame = () => {
    show();
    if (!audio.paused) requestAnimationFrame(frame);
  };

  const go = (ms, andPlay = false) => {
    audio.currentTime = Math.min(Math.max(0, ms / 1000), lengthMs() / 1000);
    show();
    if (andPlay) audio.play().catch(() => {});
  };

  const trouble = document.getElementById("audio-trouble");
  audio.addEventListener("error", () => {
    trouble.textContent = "This browser cannot play the sound. Download it to listen.";
    trouble.hidden = false;
  });
  audio.addEventListener("play", () => { play.classList.add("is-playing"); play.setAttribute("aria-label", "Pause"); frame(); });
  audio.addEventListener("pause", () => { play.classList.remove("is-playing"); play.setAttribute("aria-label", "Play"); show(); });
  audio.addEventListener("seeked", show);
  audio.addEventListener("loadedmetadata", () => { seek.max = String(lengthMs()); document.getElementById("length").textContent = clock(audio.duration); });
  addEventListener("scroll", () => { if (!itself) scrolled = performance.now(); }, { passive: true });

  const toggle = () => { if (audio.paused) audio.play().catch(() => {}); else audio.pause(); };
  play.addEventListener("click", toggle);
  seek.addEventListener("input", () => go(Number(seek.value)));
  speed.addEventListener("change", () => { audio.playbackRate = Number(speed.value); });
  lanes?.addEventListener("click", (event) => {
    const sound = event.target.closest(".lane-sound");
    if (!sound) return;
    const box = sound.getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * lengthMs());
  });
  document.addEventListener("click", (event) => {
    const place = event.target.closest?.("[data-at], #turns .w");
    if (place) go(Number(place.dataset.at ?? place.dataset.s), true);
  });

  const step = (word, key) => {
    const index = words.indexOf(word);
    const turn = word.closest(".turn");
    const beginning = (other) => other?.querySelector(".w");
    const isLeftward = getComputedStyle(word.parentElement).direction === "rtl";
    switch (key) {
      case "ArrowRight": return words[index + (isLeftward ? -1 : 1)];
      case "ArrowLeft": return words[index + (isLeftward ? 1 : -1)];
      case "ArrowDown": return beginning(turn.nextElementSibling);
      case "ArrowUp": return beginning(turn.previousElementSibling);
      case "Home": return words[0];
      case "End": return words.at(-1);
      default: return undefined;
    }
  };
  document.getElementById("turns")?.addEventListener("keydown", (event) => {
    const word = event.target.closest(".w");
    if (!word || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "Enter") {
      go(Number(word.dataset.s), true);
    } else {
      if (!["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
      const next = step(word, event.key);
      if (next) { reach(next); next.focus(); }
    }
    event.preventDefault();
    event.stopPropagation();
  });

  const turns = [...document.querySelectorAll("#turns .turn .w:first-child")].map((word) => Number(word.dataset.s));
  const change = (steps) => {
    const next = SPEEDS[Math.min(Math.max(0, SPEEDS.indexOf(audio.playbackRate) + steps), SPEEDS.length - 1)];
    audio.playbackRate = next;
    speed.value = String(next);
  };
  const keys = {
    " ": toggle,
    ArrowLeft: (event) => event.shiftKey ? go(order[Math.max(0, current - 1)]?.start ?? 0) : go((audio.currentTime - LEAP_S) * 1000),
    ArrowRight: (event) => event.shiftKey ? go(order[Math.min(order.length - 1, current + 1)]?.start ?? 0) : go((audio.currentTime + LEAP_S) * 1000),
    ArrowUp: () => go(turns.findLast((start) => start < audio.currentTime * 1000 - 1200) ?? 0),
    ArrowDown: () => go(turns.find((start) => start > audio.currentTime * 1000 + 50) ?? lengthMs()),
    "[": () => change(-1),
    "]": () => change(1),
  };
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    // Controls keep their own keys.
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    if (event.key === " " && event.target.closest("button, a, summary, input")) return;
    // Before anything was heard the page scrolls as every page does.
    if (event.key.startsWith("Arrow") && audio.paused && audio.currentTime === 0) return;
    event.preventDefault();
    act(event);
  });

  // #t=12.5 leads to a place in the call, as results of a search do.
  const asked = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (asked) {
    go(Number(asked[1]) * 1000);
    order[current]?.word.scrollIntoView({ block: "center" });
  }
  show();
};

listen();
document.addEventListener("callscribe:replaced", (event) => { if (event.target.id === "content") listen(); });
