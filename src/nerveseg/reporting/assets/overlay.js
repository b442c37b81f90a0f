// Draws frames with their masks, which are run lengths in the format of the submission.
const DATA = JSON.parse(document.getElementById("frames").textContent);
const FRAMES = new Map(DATA.frames.map((frame) => [frame.id, frame]));
const [ROWS, COLUMNS] = DATA.shape;
const SCHEMES = {
  paper: { prediction: [0, 176, 80], truth: [232, 32, 42], both: [255, 212, 0] },
  safe: { prediction: [86, 180, 233], truth: [230, 120, 0], both: [255, 255, 255] },
};
const view = { scheme: "paper", layer: "fill" };
const images = new Map();
// Whole frames are painted on this off-screen canvas; each visible canvas shows a crop of it.
const sheet = Object.assign(document.createElement("canvas"), { width: COLUMNS, height: ROWS })
  .getContext("2d", { willReadFrequently: true });

// Pairs 'start length', 1-indexed, in column-major order.
function decode(pixels) {
  const mask = new Uint8Array(ROWS * COLUMNS);
  const numbers = pixels ? pixels.split(" ").map(Number) : [];
  for (let i = 0; i < numbers.length; i += 2) {
    for (let at = numbers[i] - 1; at < numbers[i] - 1 + numbers[i + 1]; at++) {
      mask[(at % ROWS) * COLUMNS + Math.floor(at / ROWS)] = 1;
    }
  }
  return mask;
}

// Edges are two pixels wide, so that they are visible in thumbnails.
function isEdge(mask, at) {
  if (!mask[at]) return false;
  for (const step of [1, 2]) {
    if (!mask[at - step] || !mask[at + step]) return true;
    if (!mask[at - step * COLUMNS] || !mask[at + step * COLUMNS]) return true;
  }
  return false;
}

function tint(pixels, at, colour, strength) {
  for (let channel = 0; channel < 3; channel++) {
    const place = 4 * at + channel;
    pixels[place] = pixels[place] * (1 - strength) + colour[channel] * strength;
  }
}

function paint(pixels, truth, prediction) {
  const colours = SCHEMES[view.scheme];
  for (let at = 0; at < truth.length; at++) {
    if (!truth[at] && !prediction[at]) continue;
    const colour = truth[at] && prediction[at] ? colours.both
      : truth[at] ? colours.truth : colours.prediction;
    if (view.layer === "fill") tint(pixels, at, colour, 0.5);
    if (view.layer === "none") continue;
    if (isEdge(truth, at)) tint(pixels, at, colours.truth, 0.95);
    const dash = ((at % COLUMNS) + Math.floor(at / COLUMNS)) % 14 < 8;
    if (dash && isEdge(prediction, at)) tint(pixels, at, colours.prediction, 0.95);
  }
}

function imageOf(frame) {
  if (!images.has(frame.id)) {
    const image = new Image();
    image.src = frame.image;
    images.set(frame.id, image.decode().then(() => image));
  }
  return images.get(frame.id);
}

async function draw(canvas) {
  const frame = FRAMES.get(canvas.dataset.frame);
  const wanted = `${canvas.dataset.frame} ${canvas.dataset.run}`;
  const image = await imageOf(frame);
  // The reader may have chosen another frame while the image was being decoded.
  if (wanted !== `${canvas.dataset.frame} ${canvas.dataset.run}`) return;
  sheet.drawImage(image, 0, 0, COLUMNS, ROWS);
  const data = sheet.getImageData(0, 0, COLUMNS, ROWS);
  paint(data.data, decode(frame.truth), decode(frame.predictions[canvas.dataset.run]));
  sheet.putImageData(data, 0, 0);
  const whole = `0 0 ${ROWS} ${COLUMNS}`;
  const [top, left, height, width] = (canvas.dataset.crop ?? whole).split(" ").map(Number);
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(sheet.canvas, -left, -top);
  canvas.dataset.drawn = wanted;
}

function drawAll() {
  return Promise.all([...document.querySelectorAll("canvas[data-frame]")].map(draw));
}

function setView(change) {
  Object.assign(view, change);
  const colours = SCHEMES[view.scheme];
  for (const [name, rgb] of Object.entries(colours)) {
    document.documentElement.style.setProperty(`--c-${name}`, `rgb(${rgb})`);
  }
  return drawAll();
}
