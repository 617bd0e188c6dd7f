/**
 * Draws the pictures of the README: `deno task pictures`. The recording contains what `deno task demo` prints
 * when the pictures are drawn.
 *
 * @module
 */

const HERE = new URL("./", import.meta.url);
const ROOT = new URL("../../", import.meta.url);

/** Colors that are readable on a light and on a dark page. */
const COLORS = {
  line: "#6b7684",
  text: "#1f2933",
  box: "#f5f7fa",
  good: "#15803d",
  bad: "#b91c1c",
  screen: "#111827",
  output: "#e5e7eb",
  prompt: "#86efac",
};

const FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif";
const MONOSPACE = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly note: string;
}

const WIDTH = 170;
const HEIGHT = 64;

const BOXES = {
  client: { x: 20, y: 98, title: "Client", note: "library, curl, glance" },
  gateway: { x: 314, y: 98, title: "Gateway", note: "or the library alone" },
  first: { x: 620, y: 24, title: "Glance server A", note: "fails at byte 4,294,967" },
  second: { x: 620, y: 172, title: "Glance server B", note: "sends the rest" },
} satisfies Record<string, Box>;

/** Draws where a download continues. */
function diagram(): string {
  const { client, gateway, first, second } = BOXES;
  return svg(814, 260, [
    `<rect width="814" height="260" rx="10" fill="#ffffff"/>`,
    arrow(right(gateway), left(first), COLORS.bad, "6 5"),
    arrow(right(gateway), left(second), COLORS.good),
    arrow(right(client), left(gateway), COLORS.good),
    label(530, 78, "bytes 0 to 4,294,966", COLORS.bad, "end"),
    label(530, 190, "Range: bytes=4294967-", COLORS.good, "end"),
    label(250, 121, "one stream,", COLORS.good, "middle"),
    label(250, 147, "every byte once", COLORS.good, "middle"),
    ...Object.values(BOXES).map(box),
    cross(first.x + WIDTH, first.y),
  ]);
}

function box({ x, y, title, note }: Box): string {
  const middle = x + WIDTH / 2;
  return [
    `<rect x="${x}" y="${y}" width="${WIDTH}" height="${HEIGHT}" rx="8" fill="${COLORS.box}" stroke="${COLORS.line}"/>`,
    `<text x="${middle}" y="${
      y + 27
    }" text-anchor="middle" font-weight="600" font-size="15" fill="${COLORS.text}">${title}</text>`,
    `<text x="${middle}" y="${
      y + 47
    }" text-anchor="middle" font-size="12" fill="${COLORS.line}">${note}</text>`,
  ].join("\n");
}

type Point = readonly [x: number, y: number];

const right = ({ x, y }: Box): Point => [x + WIDTH, y + HEIGHT / 2];
const left = ({ x, y }: Box): Point => [x - 8, y + HEIGHT / 2];

function arrow([x1, y1]: Point, [x2, y2]: Point, color: string, dashes = ""): string {
  const middle = (x1 + x2) / 2;
  const path = `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  const head = `M${x2 - 2} ${y2 - 5} l9 5 l-9 5 z`;
  return [
    `<path d="${path}" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dashes}"/>`,
    `<path d="${head}" fill="${color}"/>`,
  ].join("\n");
}

function label(x: number, y: number, text: string, color: string, anchor: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="12" fill="${color}">${text}</text>`;
}

/** The sign on the corner of a server that fails. */
function cross(x: number, y: number): string {
  return [
    `<circle cx="${x}" cy="${y}" r="11" fill="#ffffff" stroke="${COLORS.bad}" stroke-width="2"/>`,
    `<path d="M${x - 4} ${y - 4} l8 8 m0 -8 l-8 8" stroke="${COLORS.bad}" stroke-width="2.5"/>`,
  ].join("\n");
}

/** A line of the recording, and the milliseconds after which it appears. */
interface Line {
  readonly at: number;
  readonly text: string;
}

/** Runs the demo and records when each of its lines appears. */
async function record(): Promise<Line[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "demo"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const started = performance.now();
  const lines: Line[] = [];
  let unfinished = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    const at = performance.now() - started;
    const texts = (unfinished + part).split("\n");
    unfinished = texts.pop() ?? "";
    lines.push(...texts.map((text) => ({ at, text })));
  }
  const { success } = await child.status;
  if (!success) throw new Error("Cannot record the demo: it failed");
  return lines;
}

/** The recording as an animation that plays once; without animations, all lines are shown. */
function recording(lines: readonly Line[]): string {
  const height = 58 + 22 * (lines.length + 1);
  const columns = Math.max(...lines.map(({ text }) => text.length));
  const width = Math.max(640, 40 + columns * 7.9);
  const rows = [{ at: 0, text: "$ npx -y deno@2.9.6 task demo" }, ...lines].map(
    ({ at, text }, i) => {
      const color = i === 0 ? COLORS.prompt : COLORS.output;
      const delay = ((i === 0 ? 0 : 600 + i * 500 + at / 4) / 1_000).toFixed(2);
      return `<text class="line" style="animation-delay:${delay}s" x="20" y="${
        58 + i * 22
      }" xml:space="preserve" fill="${color}">${escaped(text)}</text>`;
    },
  );
  return svg(Math.ceil(width), height, [
    "<style>.line{animation:show .01s both}@keyframes show{from{opacity:0}to{opacity:1}}",
    "@media (prefers-reduced-motion:reduce){.line{animation:none}}</style>",
    `<rect width="100%" height="100%" rx="10" fill="${COLORS.screen}"/>`,
    ...[["#ef4444", 22], ["#f59e0b", 40], ["#22c55e", 58]].map(([color, x]) =>
      `<circle cx="${x}" cy="20" r="6" fill="${color}"/>`
    ),
    `<g font-family="${MONOSPACE}" font-size="13">`,
    ...rows,
    "</g>",
  ]);
}

function svg(width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

await Deno.writeTextFile(new URL("failover.svg", HERE), diagram());
await Deno.writeTextFile(new URL("demo.svg", HERE), recording(await record()));
