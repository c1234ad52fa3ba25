// node read_vector.mjs FILE TENSOR
// Prints one tensor of a sab-vectors file: its dtype and shape, and the sum of its squares.
import { readFileSync } from "node:fs";

export function readVector(path) {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  if (metadata.format !== "sab-vectors") throw new Error(`${path} is no sab-vectors file`);
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + 8 + length + from, to - from);
    const size = dtype === "F64" ? 8 : 4;
    const value = (i) => (dtype === "F64" ? view.getFloat64(size * i, true) : view.getFloat32(size * i, true));
    tensors[name] = { dtype, shape, values: Array.from({ length: (to - from) / size }, (_, i) => value(i)) };
  }
  return { config: JSON.parse(metadata.config), version: metadata.version, tensors };
}

if (process.argv[1]?.endsWith("read_vector.mjs")) {
  const [path, name] = process.argv.slice(2);
  const { dtype, shape, values } = readVector(path).tensors[name];
  console.log(`${dtype} [${shape}] ${values.reduce((sum, value) => sum + value * value, 0)}`);
}
