/**
 * What a server of images can do wrong on a socket, each as the bytes that it sends and the way in which
 * it then ends. {@linkcode Scene} says what was asked for.
 */
import type { RawConnection } from "./raw_server.ts";

/** A request for data that is about to be answered, well or not. */
export interface Scene {
  readonly connection: RawConnection;
  /** Sends bytes of the body, and counts them. */
  send(bytes: Uint8Array): Promise<void>;
  readonly image: Uint8Array;
  /** First wanted byte. */
  readonly start: number;
  /** Behind the last wanted byte. */
  readonly stop: number;
  /** Whether a range was asked for. */
  readonly isRange: boolean;
  /** Root of a server that nobody has configured. */
  readonly foreign: string;
  /** Makes the token worthless, and another one good. */
  expireToken(): void;
}

/** Answers a request for data; true where the connection stays for another. */
export type Fault = (scene: Scene) => Promise<boolean>;

/** A well-behaved answer. */
export const well: Fault = async (scene) => {
  await start(scene, lengthOf(scene));
  await scene.send(wanted(scene));
  return true;
};

/** Breaks the connection after a part of the body. */
export const reset = (at: number): Fault => async (scene) => {
  await start(scene, lengthOf(scene));
  await scene.send(portion(scene, at));
  return await scene.connection.reset();
};

/** Ends before all bytes of `Content-Length` are sent. */
export const truncate = (at: number): Fault => async (scene) => {
  await start(scene, lengthOf(scene));
  await scene.send(portion(scene, at));
  return await scene.connection.end();
};

/** Ends in the middle of a chunk. */
export const truncateChunk = (at: number): Fault => async (scene) => {
  const { connection } = scene;
  await start(scene, "transfer-encoding: chunked");
  await connection.text(`${wanted(scene).byteLength.toString(16)}\r\n`);
  await scene.send(portion(scene, at));
  return await connection.end();
};

/** Ends behind a whole chunk, without the last one. */
export const withholdLastChunk = (at: number): Fault => async (scene) => {
  await start(scene, "transfer-encoding: chunked");
  await chunk(scene, portion(scene, at));
  return await scene.connection.end();
};

/** Ends behind the last chunk, without the empty line that has to follow. */
export const withholdLastLine: Fault = async (scene) => {
  await start(scene, "transfer-encoding: chunked");
  await chunk(scene, wanted(scene));
  await scene.connection.text("0\r\n");
  return await scene.connection.end();
};

/** Ends a body that only its end delimits, at its end (1) or before. */
export const delimitByClose = (at: number): Fault => async (scene) => {
  await start(scene, "connection: close");
  await scene.send(portion(scene, at));
  return await scene.connection.end();
};

/** Falls silent in the middle of the body. */
export const stall = (at: number): Fault => async (scene) => {
  await start(scene, lengthOf(scene));
  await scene.send(portion(scene, at));
  return await scene.connection.gone();
};

/** Sends the first bytes with pauses, and then the rest. */
export const trickle = (pauses: number, ms: number): Fault => async (scene) => {
  await start(scene, lengthOf(scene));
  for (let sent = 0; sent < pauses; sent++) {
    await scene.send(wanted(scene).subarray(sent, sent + 1));
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  await scene.send(wanted(scene).subarray(pauses));
  return true;
};

/** Sends more than it has announced: what looks like the answer to the next request. */
export const sayMore: Fault = async (scene) => {
  await well(scene);
  await scene.connection.json("200 OK", { id: "smuggled" });
  return true;
};

/** Sends more than the image has, of which no header speaks. */
export const overrun: Fault = async (scene) => {
  await start(scene, "connection: close");
  await scene.send(wanted(scene));
  await scene.send(new Uint8Array(1_000));
  return await scene.connection.end();
};

/** Announces two lengths. */
export const twoLengths: Fault = async (scene) => {
  await start(scene, lengthOf(scene), "content-length: 7");
  await scene.send(wanted(scene));
  return await scene.connection.end();
};

/** Announces a length, and sends chunks all the same. */
export const lengthAndChunks: Fault = async (scene) => {
  await start(scene, lengthOf(scene), "transfer-encoding: chunked");
  await chunk(scene, wanted(scene));
  await scene.connection.text("0\r\n\r\n");
  return await scene.connection.end();
};

/** Announces another length than the image has, and keeps to it. */
export const otherLength: Fault = async (scene) => {
  const bytes = wanted(scene).subarray(9);
  await start(scene, `content-length: ${bytes.byteLength}`);
  await scene.send(bytes);
  return true;
};

/** Calls its bytes gzip. */
export const callItGzip: Fault = async (scene) => {
  await start(scene, lengthOf(scene), "content-encoding: gzip");
  await scene.send(wanted(scene));
  return true;
};

/** Changes one bit on its way. */
export const flipBit: Fault = async (scene) => {
  const bytes = wanted(scene).slice();
  bytes[bytes.byteLength >> 1] = (bytes[bytes.byteLength >> 1] ?? 0) ^ 1;
  await start(scene, lengthOf(scene));
  await scene.send(bytes);
  return true;
};

/** States a range that is moved against the wanted one. */
export const misplace =
  (moved: { readonly start?: number; readonly end?: number; readonly total?: number }): Fault =>
  async (scene) => {
    const { connection, start: first, stop, image } = scene;
    const from = first + (moved.start ?? 0);
    const to = stop - 1 + (moved.end ?? 0);
    const total = image.byteLength + (moved.total ?? 0);
    const bytes = image.subarray(from, to + 1);
    const range = `content-range: bytes ${from}-${to}/${total}`;
    await connection.start("206 Partial Content", range, `content-length: ${bytes.byteLength}`);
    await scene.send(bytes);
    return true;
  };

/** Starts at a block boundary before the wanted byte, and says so. */
export const startEarlier = (block: number): Fault => async (scene) => {
  const from = Math.floor(scene.start / block) * block;
  return await labeled(scene, from, scene.stop);
};

/** Sends fewer bytes than requested, and says so. */
export const sendLess = (at: number): Fault => async (scene) => {
  const length = Math.max(1, Math.floor(at * (scene.stop - scene.start)));
  return await labeled(scene, scene.start, scene.start + length);
};

/** Sends the one block of a cache in which the wanted byte is. */
export const sendBlock = (block: number): Fault => async (scene) => {
  const from = Math.floor(scene.start / block) * block;
  return await labeled(scene, from, Math.min(from + block, scene.image.byteLength));
};

/** The whole image as 206, with the Content-Range of the whole image. */
export const labeledWhole: Fault = async (scene) => {
  return await labeled(scene, 0, scene.image.byteLength);
};

/** Sends the requested part, and calls it 200. */
export const restAs200 = (isLabeled: boolean): Fault => async (scene) => {
  const { connection, start: first, stop, image } = scene;
  const range = `content-range: bytes ${first}-${stop - 1}/${image.byteLength}`;
  await connection.start("200 OK", lengthOf(scene), ...isLabeled ? [range] : []);
  await scene.send(wanted(scene));
  return true;
};

/** The same without a length: it looks like the whole image. */
export const restAs200InChunks: Fault = async (scene) => {
  await scene.connection.start("200 OK", "transfer-encoding: chunked");
  await chunk(scene, wanted(scene));
  await scene.connection.text("0\r\n\r\n");
  return true;
};

/** Sends one range as `multipart/byteranges`. */
export const multipart: Fault = async (scene) => {
  const { connection, start: first, stop, image } = scene;
  const head = `\r\n--LIMIT\r\ncontent-type: application/octet-stream\r\n` +
    `Content-Range: bytes ${first}-${stop - 1}/${image.byteLength}\r\n\r\n`;
  const end = "\r\n--LIMIT--\r\n";
  const length = head.length + (stop - first) + end.length;
  const type = "content-type: multipart/byteranges; boundary=LIMIT";
  await connection.start("206 Partial Content", type, `content-length: ${length}`);
  await connection.text(head);
  await scene.send(wanted(scene));
  await connection.text(end);
  return true;
};

/** Calls a plain part `multipart/byteranges`. */
export const falseMultipart: Fault = async (scene) => {
  const type = "content-type: multipart/byteranges; boundary=LIMIT";
  await scene.connection.start("206 Partial Content", type, lengthOf(scene));
  await scene.send(wanted(scene));
  return true;
};

/** A part of which nothing says where it belongs. */
export const hideRange: Fault = async (scene) => {
  await scene.connection.start("206 Partial Content", lengthOf(scene));
  await scene.send(wanted(scene));
  return true;
};

/** Says that it sends a part, and sends the whole image: Glance with a store that cannot seek. */
export const wholeAs206: Fault = async (scene) => {
  await start(scene, `content-length: ${scene.image.byteLength}`);
  await scene.send(scene.image);
  return true;
};

/** The same, in chunks: no length gives it away. */
export const wholeAs206InChunks: Fault = async (scene) => {
  await start(scene, "transfer-encoding: chunked");
  await chunk(scene, scene.image);
  await scene.connection.text("0\r\n\r\n");
  return true;
};

/** Has never heard of ranges. */
export const wholeAs200: Fault = async (scene) => {
  await scene.connection.start("200 OK", `content-length: ${scene.image.byteLength}`);
  await scene.send(scene.image);
  return true;
};

/** Answers with a status and no data. */
export const refuse =
  (status: string, ...fields: readonly string[]): Fault => async ({ connection }) =>
    await connection.json(status, { message: "no" }, ...fields);

/** No longer takes the token. */
export const expire: Fault = async (scene) => {
  scene.expireToken();
  return await refuse("401 Unauthorized")(scene);
};

/** Sends the client, and any token that it would take along, elsewhere. */
export const sendAway: Fault = async (scene) =>
  await refuse("302 Found", `location: ${scene.foreign}/taken`)(scene);

/** Never answers. */
export const beSilent: Fault = async ({ connection }) => await connection.gone();

/** Never ends its head. */
export const stallHead: Fault = async ({ connection }) => {
  await connection.text("HTTP/1.1 200 OK\r\nContent-Le");
  return await connection.gone();
};

/** Does not speak HTTP. */
export const babble: Fault = async ({ connection }) => {
  await connection.text("* OK IMAP4rev1 ready\r\n\r\n");
  return await connection.end();
};

/** Closes the connection instead of an answer. */
export const hangUp: Fault = async ({ connection }) => await connection.end();

function wanted({ image, start, stop }: Scene): Uint8Array {
  return image.subarray(start, stop);
}

/** The first bytes of the wanted ones; `at` is a fraction. */
function portion(scene: Scene, at: number): Uint8Array {
  const bytes = wanted(scene);
  return bytes.subarray(0, Math.floor(at * bytes.byteLength));
}

function lengthOf(scene: Scene): string {
  return `content-length: ${wanted(scene).byteLength}`;
}

/** Sends bytes from `from` to before `stop`, truly labeled. */
async function labeled(scene: Scene, from: number, stop: number): Promise<boolean> {
  const { connection, image } = scene;
  const range = `content-range: bytes ${from}-${stop - 1}/${image.byteLength}`;
  await connection.start("206 Partial Content", range, `content-length: ${stop - from}`);
  await scene.send(image.subarray(from, stop));
  return true;
}

async function start(scene: Scene, ...fields: readonly string[]): Promise<void> {
  const { connection, isRange, start: first, stop, image } = scene;
  const range = `content-range: bytes ${first}-${stop - 1}/${image.byteLength}`;
  if (isRange) await connection.start("206 Partial Content", range, ...fields);
  else await connection.start("200 OK", ...fields);
}

async function chunk(scene: Scene, bytes: Uint8Array): Promise<void> {
  const { connection } = scene;
  await connection.text(`${bytes.byteLength.toString(16)}\r\n`);
  await scene.send(bytes);
  await connection.text("\r\n");
}
