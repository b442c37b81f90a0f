// The image browser: one large frame with the selected run's mask, and thumbnails of all runs.
const element = (name) => document.getElementById(`browser-${name}`);
const state = { frame: DATA.first, run: DATA.reference, set: "validation", shown: [] };

// The truth is null for a test frame whose mask is not known.
const FILTERS = {
  all: () => true,
  nerve: (frame) => Boolean(frame.truth),
  none: (frame) => frame.truth === "",
  missed: (frame) => Boolean(frame.truth) && frame.predictions[state.run] === "",
  alarm: (frame) => frame.truth === "" && frame.predictions[state.run] !== "",
};
const ORDERS = {
  sweep: (a, b) => a.subject - b.subject || a.img - b.img,
  worst: (a, b) => a.dice[state.run] - b.dice[state.run],
  best: (a, b) => b.dice[state.run] - a.dice[state.run],
  small: (a, b) => (a.area || Infinity) - (b.area || Infinity),
};

function cell(frame, run, label, action) {
  const button = document.createElement("button");
  button.className = "cell";
  button.type = "button";
  const canvas = document.createElement("canvas");
  canvas.dataset.frame = frame.id;
  canvas.dataset.run = run;
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

function nameOf(frame) {
  return frame.set === "test" ? `test image ${frame.img}` : `subject ${frame.subject}, image ${frame.img}`;
}

function annotated(frame) {
  if (frame.truth === null) return "not known";
  return frame.area ? `${frame.area} px` : "none";
}

function details(frame) {
  const run = state.run;
  return [
    ["Frame", nameOf(frame)],
    ["Dice", number(frame.dice[run], 3)],
    ["Presence score", number(frame.presence[run], 2)],
    ["Annotated area", annotated(frame)],
    ["Predicted area", frame.predicted[run] ? `${frame.predicted[run]} px` : "none"],
    ["Contrast-to-noise ratio", number(frame.contrast, 2)],
  ];
}

function showFrame() {
  const frame = FRAMES.get(state.frame);
  const canvas = element("canvas");
  canvas.dataset.frame = frame.id;
  canvas.dataset.run = state.run;
  canvas.setAttribute("aria-label", nameOf(frame));
  draw(canvas);
  element("facts").replaceChildren(...details(frame).flatMap(([term, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = term;
    dd.textContent = value;
    return [dt, dd];
  }));
  element("runs").replaceChildren(...DATA.runs.map(({ name, title }) => {
    const button = cell(frame, name, `${title} ${number(frame.dice[name], 2)}`, () => choose({ run: name }));
    button.dataset.choice = name;
    button.setAttribute("aria-pressed", String(name === state.run));
    return button;
  }));
  element("runs").querySelectorAll("canvas").forEach(draw);
  const place = state.shown.findIndex(({ id }) => id === frame.id);
  element("place").textContent = place < 0 ? "" : `${place + 1} of ${state.shown.length}`;
  element("frame").value = frame.id;
}

function list() {
  const keep = FILTERS[element("filter").value];
  const shown = DATA.frames.filter((frame) => frame.set === state.set && keep(frame));
  state.shown = shown.sort(ORDERS[element("order").value]);
  element("frame").replaceChildren(...state.shown.map((frame) => new Option(
    `${nameOf(frame)} · Dice ${number(frame.dice[state.run], 2)}`, frame.id)));
  element("empty").hidden = state.shown.length > 0;
}

function choose(change) {
  Object.assign(state, change);
  state.set = FRAMES.get(state.frame)?.set ?? state.set;
  if (element("set")) element("set").value = state.set;
  element("run").value = state.run;
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
  element("run").replaceChildren(...DATA.runs.map(({ name, title }) => new Option(title, name)));
  element("run").addEventListener("change", (event) => choose({ run: event.target.value }));
  element("frame").addEventListener("change", (event) => choose({ frame: event.target.value }));
  element("set")?.addEventListener("change", (event) => {
    state.set = event.target.value;
    element("filter").value = "all";
    list();
    choose({ frame: state.shown[0].id });
  });
  for (const name of ["filter", "order"]) {
    element(name).addEventListener("change", () => {
      list();
      choose({ frame: (state.shown[0] ?? { id: state.frame }).id });
    });
  }
  element("before").addEventListener("click", () => step(-1));
  element("after").addEventListener("click", () => step(1));
  element("layer").addEventListener("change", (event) => setView({ layer: event.target.value }));
  element("scheme").addEventListener("change", (event) => setView({ scheme: event.target.value }));
  element("viewer").addEventListener("keydown", (event) => {
    if (event.target.tagName === "SELECT") return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  for (const button of document.querySelectorAll("button[data-open]")) {
    button.addEventListener("click", () => {
      element("filter").value = "all";
      choose({ frame: button.dataset.open, run: button.dataset.run || state.run });
      document.getElementById("browser").scrollIntoView();
    });
  }
  choose({});
  drawAll();
}
