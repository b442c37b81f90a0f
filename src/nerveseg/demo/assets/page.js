'use strict';

const by = id => document.getElementById(id);
const MEANING = {
  nerve: 'An outline, and a high probability of a nerve.',
  none: 'No outline, and a low probability of a nerve.',
  unsure: 'Outline and probability disagree; look yourself.',
};
const BAR = { nerve: '--nerve', none: '--none', unsure: '--unsure' };

let networks = [];
let network = 0;
let clip = null; // {name, frames, complete}
let at = 0;
let findings = new Map(); // `network/frame` -> what the server found
let picture = { frame: -1, image: null };
let playing = false;
let uploads = 0;

// Requests

async function ask(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error('the demo does not answer; start it again in the terminal');
  }
  if (!(reply.headers.get('content-type') || '').includes('json')) {
    throw new Error((await reply.text()).trim());
  }
  const content = await reply.json();
  if (!reply.ok) throw new Error(content.error);
  return content;
}

function complain(error) {
  by('error').textContent = error ? error.message : '';
  by('error').hidden = !error;
}

function busy(text) {
  by('busy').textContent = text;
  by('busy').hidden = !text;
  by('stage').setAttribute('aria-busy', String(Boolean(text)));
}

async function open(file) {
  stop();
  complain(null);
  busy('Reading the file…');
  const upload = ++uploads;
  try {
    // The name stays here: it may be a patient's.
    const suffix = (file.name.match(/\.[A-Za-z0-9]{1,8}$/) || [''])[0];
    const opened = await ask(`/files?suffix=${encodeURIComponent(suffix)}`, {
      method: 'POST', body: file, headers: { 'content-type': 'application/octet-stream' },
    });
    if (upload !== uploads) return;
    clip = opened;
    at = 0;
    findings = new Map();
    picture = { frame: -1, image: null };
    by('empty').hidden = true;
    by('frame').hidden = false;
    by('frames').hidden = by('keys').hidden = clip.frames === 1;
    by('frame-number').max = clip.frames - 1;
    if (!clip.complete) complain(new Error(`only the first ${clip.frames} frames are shown; cut the file to see the rest`));
    busy('');
    await show();
  } catch (error) {
    if (upload === uploads) { busy(''); complain(error); }
  }
}

async function load(opened, frame) {
  if (picture.frame === frame) return picture.image;
  const image = new Image();
  image.alt = 'The frame';
  image.src = `/files/${opened.name}/${frame}.png`;
  await image.decode().catch(() => { throw new Error('this frame is no longer kept; drop the file again'); });
  return image;
}

async function find(opened, frame, chosen) {
  const key = `${chosen}/${frame}`;
  if (findings.has(key)) return findings.get(key);
  const finding = await ask(`/files/${opened.name}/${frame}/${chosen}`);
  if (opened === clip) findings.set(key, finding);
  return finding;
}

// One request at a time: while it runs, only the newest wish is remembered.
let running = null;

function show() {
  running ??= follow().finally(() => { running = null; });
  return running;
}

async function follow() {
  let shown;
  do {
    shown = { clip, at, network };
    const slow = setTimeout(busy, 400, 'Predicting…');
    try {
      const [image, finding] = await Promise.all([load(shown.clip, shown.at), find(shown.clip, shown.at, shown.network)]);
      if (shown.clip === clip) {
        picture = { frame: shown.at, image };
        draw(image, finding, shown);
      }
    } catch (error) {
      if (shown.clip === clip) { stop(); complain(error); }
    } finally {
      clearTimeout(slow);
      if (by('busy').textContent === 'Predicting…') busy('');
    }
  } while (shown.clip !== clip || shown.at !== at || shown.network !== network);
}

// Drawing

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function draw(image, finding, shown) {
  const layer = svg('svg', {
    viewBox: `0 0 ${finding.width} ${finding.height}`, preserveAspectRatio: 'none',
    id: 'outlines', 'data-state': finding.state, 'aria-hidden': 'true',
  });
  for (const kind of ['under', 'over']) {
    for (const outline of finding.outlines) {
      layer.append(svg('polygon', { points: outline.map(point => point.join()).join(' '), class: kind }));
    }
  }
  layer.toggleAttribute('hidden', !by('outline').checked);
  const fit = document.createElement('div');
  fit.className = 'fit';
  // As large as the place allows, and no higher than 70% of the window.
  fit.style.width = `min(100%, ${(70 * finding.width / finding.height).toFixed(2)}vh)`;
  image.width = finding.width;
  image.height = finding.height;
  fit.append(image, layer);
  by('frame').replaceChildren(fit);
  by('frame').dataset.shown = `${shown.at}/${shown.network}`;
  report(finding, shown);
}

function report(finding, shown) {
  const { sure_none: low, sure_nerve: high } = networks[shown.network];
  const probability = finding.probability_in_words;
  by('state').textContent = finding.state;
  by('state').dataset.state = finding.state;
  by('meaning').textContent = MEANING[finding.state];
  by('probability').textContent = probability;
  by('meter').setAttribute('aria-valuenow', probability);
  by('meter').firstElementChild.style.width = `${100 * finding.probability}%`;
  by('meter').querySelectorAll('span').forEach(tick => tick.remove());
  for (const bound of [low, high]) {
    const tick = document.createElement('span');
    tick.style.left = `calc(${100 * bound}% - 1px)`;
    by('meter').append(tick);
  }
  by('bounds').textContent = `none up to ${low}, nerve from ${high}`;
  by('latency').textContent = `${finding.milliseconds.toFixed(finding.milliseconds < 10 ? 1 : 0)} ms`;
  const area = finding.square_mm === null ? '' : `, ${finding.square_mm.toFixed(1)} mm²`;
  by('area').textContent = finding.pixels ? `${finding.pixels} px${area}` : 'none';
  by('size').textContent = `${finding.width} × ${finding.height} px`;
  by('frame-number').setAttribute('aria-valuetext', `${shown.at + 1} of ${clip.frames}, ${finding.state}`);
  position();
  compare();
  timeline();
}

function position() {
  by('frame-number').value = at;
  by('frame-text').textContent = clip ? `${at + 1} of ${clip.frames}` : '';
}

/** Shows beside each network what it has found on this frame. */
function compare() {
  document.querySelectorAll('#networks label').forEach((label, index) => {
    const finding = findings.get(`${index}/${at}`);
    label.querySelector('span').textContent = finding ? `${finding.state} ${finding.probability_in_words}` : '';
  });
}

/** Draws a bar for each frame that this network has seen: its height is the probability. */
function timeline() {
  if (!clip || clip.frames === 1) return;
  const canvas = by('timeline');
  const style = getComputedStyle(document.documentElement);
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round(26 * devicePixelRatio);
  const context = canvas.getContext('2d');
  const width = canvas.width / clip.frames;
  for (let frame = 0; frame < clip.frames; frame++) {
    const finding = findings.get(`${network}/${frame}`);
    if (!finding) continue;
    const height = Math.max(2, finding.probability * canvas.height);
    context.fillStyle = style.getPropertyValue(BAR[finding.state]);
    context.fillRect(frame * width, canvas.height - height, Math.max(1, width - (width > 4 ? 1 : 0)), height);
  }
  context.fillStyle = style.getPropertyValue('--accent');
  context.fillRect((at + .5) * width - devicePixelRatio, 0, 2 * devicePixelRatio, canvas.height);
}

// Controls

function go(frame) {
  if (!clip) return;
  at = Math.min(clip.frames - 1, Math.max(0, frame));
  position();
  show();
}

function stop() {
  playing = false;
  by('play').textContent = 'Play';
  by('play').setAttribute('aria-pressed', 'false');
}

/** Shows one frame after the other, at most at their own rate and as fast as they are predicted. */
async function play() {
  if (playing) return stop();
  playing = true;
  by('play').textContent = 'Pause';
  by('play').setAttribute('aria-pressed', 'true');
  const played = clip;
  if (at === clip.frames - 1) at = 0;
  while (playing && clip === played && at < clip.frames - 1) {
    const start = performance.now();
    const before = findings.get(`${network}/${at}`);
    at += 1;
    await show();
    const after = findings.get(`${network}/${at}`);
    const step = before?.time == null || after?.time == null ? 40 : 1000 * (after.time - before.time);
    await new Promise(done => setTimeout(done, Math.max(0, Math.min(step, 1000) - (performance.now() - start))));
  }
  if (clip === played) stop();
}

function toggle() {
  const layer = by('outlines');
  if (layer) layer.toggleAttribute('hidden', !by('outline').checked);
}

function key(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || !clip) return;
  if (event.key === 'o' || event.key === 'O') { by('outline').click(); return; }
  if (event.target.closest('input, button') || clip.frames === 1) return;
  if (event.key === 'ArrowLeft') go(at - 1);
  else if (event.key === 'ArrowRight') go(at + 1);
  else if (event.key === ' ') play();
  else return;
  event.preventDefault();
}

function list() {
  networks.forEach((each, index) => {
    const label = document.createElement('label');
    const choice = document.createElement('input');
    choice.type = 'radio';
    choice.name = 'network';
    choice.value = index;
    choice.checked = index === 0;
    choice.addEventListener('change', () => { network = index; if (clip) show(); });
    label.append(choice, each.name, document.createElement('span'));
    by('networks').append(label);
  });
}

by('choose').addEventListener('click', () => by('file').click());
by('empty').addEventListener('click', () => by('file').click());
by('file').addEventListener('change', event => {
  const [file] = event.target.files;
  if (file) open(file);
  event.target.value = '';
});
by('frame-number').addEventListener('input', event => { stop(); go(Number(event.target.value)); });
by('play').addEventListener('click', play);
by('outline').addEventListener('change', toggle);
document.addEventListener('keydown', key);
document.addEventListener('dragover', event => { event.preventDefault(); document.body.classList.add('over'); });
document.addEventListener('dragleave', event => { if (!event.relatedTarget) document.body.classList.remove('over'); });
document.addEventListener('drop', event => {
  event.preventDefault();
  document.body.classList.remove('over');
  const [file] = event.dataTransfer.files;
  if (file) open(file);
});
addEventListener('resize', timeline);

ask('/networks').then(given => { networks = given; list(); }).catch(complain);
