/**
 * Writes ONNX models, as far as small test models need it: float and integer tensors, operators of the standard set,
 * metadata. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */

export interface Tensor {
  readonly name: string;
  readonly type: 'float' | 'int32' | 'int64';
  readonly dims: readonly number[];
  readonly data: readonly number[] | Float32Array;
}

/** An input or output; a text stands for a dimension that is known at run time only. */
export interface Port {
  readonly name: string;
  readonly type: Tensor['type'];
  readonly dims: readonly (number | string)[];
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxModel {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly constants: readonly Tensor[];
  readonly nodes: readonly OnnxNode[];
  readonly metadata: Readonly<Record<string, string | number>>;
}

const OPSET = 13;
const IR_VERSION = 8;
const TYPES = { float: 1, int32: 6, int64: 7 } as const;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** The bytes of an `.onnx` file. */
export function onnxModel({ inputs, outputs, constants, nodes, metadata }: OnnxModel): Buffer {
  const graph = message(
    ...nodes.map((node) => bytes(1, nodeOf(node))),
    text(2, 'graph'),
    ...constants.map((tensor) => bytes(5, tensorOf(tensor))),
    ...inputs.map((port) => bytes(11, portOf(port))),
    ...outputs.map((port) => bytes(12, portOf(port))),
  );
  return message(
    int(1, IR_VERSION),
    text(2, 'parley-test'),
    bytes(7, graph),
    bytes(8, message(text(1, ''), int(2, OPSET))),
    ...Object.entries(metadata).map(([key, value]) =>
      bytes(14, message(text(1, key), text(2, String(value)))),
    ),
  );
}

function nodeOf({ op, inputs, outputs, attributes = {} }: OnnxNode): Buffer {
  return message(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(
        5,
        typeof value === 'number'
          ? message(text(1, name), int(3, value), int(20, ATTRIBUTE_INT))
          : message(text(1, name), ...value.map((item) => int(8, item)), int(20, ATTRIBUTE_INTS)),
      ),
    ),
  );
}

function tensorOf({ name, type, dims, data }: Tensor): Buffer {
  return message(
    ...dims.map((dim) => int(1, dim)),
    int(2, TYPES[type]),
    text(8, name),
    bytes(9, raw(type, data)),
  );
}

function raw(type: Tensor['type'], data: Tensor['data']): Buffer {
  const array =
    type === 'float'
      ? Float32Array.from(data)
      : type === 'int32'
        ? Int32Array.from(data)
        : BigInt64Array.from(data, (value) => BigInt(value));
  return Buffer.from(array.buffer);
}

function portOf({ name, type, dims }: Port): Buffer {
  const shape = message(
    ...dims.map((dim) => bytes(1, typeof dim === 'number' ? message(int(1, dim)) : message(text(2, dim)))),
  );
  const tensorType = message(int(1, TYPES[type]), bytes(2, shape));
  return message(text(1, name), bytes(2, message(bytes(1, tensorType))));
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return Buffer.from(out);
}

function int(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}
