// The image browser: one frame large, the chosen network's mask on it, all networks below.
const part = (name) => document.getElementById(`browser-${name}`);
const state = { frame: DATA.first, network: DATA.reference, shown: [] };

const FILTERS = {
  all: () => true,
  nerve: (frame) => frame.truth !== "",
  none: (frame) => frame.truth === "",
  missed: (frame) => frame.truth !== "" && frame.predictions[state.network] === "",
  alarm: (frame) => frame.truth === "" && frame.predictions[state.network] !== "",
};
const ORDERS = {
  sweep: (a, b) => a.subject - b.subject || a.img - b.img,
  worst: (a, b) => a.dice[state.network] - b.dice[state.network],
  best: (a, b) => b.dice[state.network] - a.dice[state.network],
  small: (a, b) => (a.area || Infinity) - (b.area || Infinity),
};

function cell(frame, network, label, action) {
  const button = document.createElement("button");
  button.className = "cell";
  button.type = "button";
  const canvas = document.createElement("canvas");
  canvas.dataset.frame = frame.id;
  canvas.dataset.network = network;
  canvas.width = COLUMNS;
  canvas.height = ROWS;
  const text = document.createElement("span");
  text.textContent = label;
  button.append(canvas, text);
  button.addEventListener("click", action);
  return button;
}

function number(value, digits) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

function details(frame) {
  const name = state.network;
  return [
    ["Subject, image", `${frame.subject}, ${frame.img}`],
    ["Dice", number(frame.dice[name], 3)],
    ["Presence score", number(frame.presence[name], 2)],
    ["Outlined area", frame.area ? `${frame.area} px` : "none"],
    ["Predicted area", frame.predicted[name] ? `${frame.predicted[name]} px` : "none"],
    ["Contrast to noise", number(frame.contrast, 2)],
  ];
}

function showFrame() {
  const frame = FRAMES.get(state.frame);
  const canvas = part("canvas");
  canvas.dataset.frame = frame.id;
  canvas.dataset.network = state.network;
  canvas.setAttribute("aria-label", `Subject ${frame.subject}, image ${frame.img}`);
  draw(canvas);
  part("facts").replaceChildren(...details(frame).flatMap(([term, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = term;
    dd.textContent = value;
    return [dt, dd];
  }));
  part("networks").replaceChildren(...DATA.networks.map(({ name, title }) => {
    const button = cell(frame, name, `${title} ${number(frame.dice[name], 2)}`, () => choose({ network: name }));
    button.dataset.choice = name;
    button.setAttribute("aria-pressed", String(name === state.network));
    return button;
  }));
  part("networks").querySelectorAll("canvas").forEach(draw);
  const place = state.shown.findIndex((one) => one.id === frame.id);
  part("place").textContent = place < 0 ? "" : `${place + 1} of ${state.shown.length}`;
  part("frame").value = frame.id;
}

function list() {
  const keep = FILTERS[part("filter").value];
  state.shown = DATA.frames.filter(keep).sort(ORDERS[part("order").value]);
  part("frame").replaceChildren(...state.shown.map((frame) => new Option(
    `subject ${frame.subject}, image ${frame.img} · Dice ${number(frame.dice[state.network], 2)}`, frame.id)));
  part("empty").hidden = state.shown.length > 0;
}

function choose(change) {
  Object.assign(state, change);
  part("network").value = state.network;
  list();
  if (!FRAMES.has(state.frame)) state.frame = (state.shown[0] ?? DATA.frames[0]).id;
  showFrame();
}

function step(by) {
  if (!state.shown.length) return;
  const place = state.shown.findIndex((frame) => frame.id === state.frame);
  const next = (place + by + state.shown.length) % state.shown.length;
  choose({ frame: state.shown[place < 0 ? 0 : next].id });
}

if (DATA.frames.length) {
  part("network").replaceChildren(...DATA.networks.map(({ name, title }) => new Option(title, name)));
  part("network").addEventListener("change", (event) => choose({ network: event.target.value }));
  part("frame").addEventListener("change", (event) => choose({ frame: event.target.value }));
  for (const name of ["filter", "order"]) {
    part(name).addEventListener("change", () => {
      list();
      choose({ frame: (state.shown[0] ?? { id: state.frame }).id });
    });
  }
  part("before").addEventListener("click", () => step(-1));
  part("after").addEventListener("click", () => step(1));
  part("layer").addEventListener("change", (event) => setView({ layer: event.target.value }));
  part("scheme").addEventListener("change", (event) => setView({ scheme: event.target.value }));
  part("viewer").addEventListener("keydown", (event) => {
    if (event.target.tagName === "SELECT") return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  for (const button of document.querySelectorAll("button[data-open]")) {
    button.addEventListener("click", () => {
      part("filter").value = "all";
      choose({ frame: button.dataset.open, network: button.dataset.network || state.network });
      document.getElementById("browser").scrollIntoView();
    });
  }
  choose({});
  drawAll();
}
