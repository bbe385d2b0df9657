/** How products of matrices and einsum are traced: by products of two axes, or of three with the batch first. */
import * as tf from "@tensorflow/tfjs-core"
import { parseEinsum } from "./einsum.ts"
import type { Value } from "./graph.ts"
import { sameShape, sizeOf } from "./graph.ts"
import { type Inputs, kernel, type Make } from "./Kernel.ts"

const { backend_util, util } = tf

type Transposed = Pick<tf.BatchMatMulAttrs, "transposeA" | "transposeB">

/** The fused kernel begins with it as well. */
export const matMul = ({ a, b }: Inputs, { transposeA, transposeB }: Transposed, make: Make) => {
  const [innerA, innerB] = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)]
  util.assert(
    innerA === innerB,
    () =>
      `Error in matMul: inner shapes (${innerA}) and (${innerB}) of ${a.shape.join()} and ${b.shape.join()}`,
  )
  const isFlat = ({ shape }: Value) => shape[shape.length - 2] * shape[shape.length - 1] === sizeOf(shape)
  if (!isFlat(a) || !isFlat(b)) {
    const [outerA, outerB] = [a, b].map(({ shape }) => shape.slice(0, -2))
    const outer = backend_util.assertAndGetBroadcastShape(outerA, outerB)
    const rows = a.shape[a.shape.length - (transposeA ? 1 : 2)]
    const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)]
    return make("BatchMatMul", [a, b], { transposeA, transposeB }, [...outer, rows, columns])
  }
  const flat = (x: Value) => (x.shape.length === 2 ? x : make("Reshape", [x], {}, x.shape.slice(-2), x.dtype))
  const [left, right] = [flat(a), flat(b)]
  const shape = [left.shape[transposeA ? 1 : 0], right.shape[transposeB ? 0 : 1]]
  const product = make("MatMul", [left, right], { transposeA, transposeB, relu: false }, shape)
  const outer = [...a.shape.slice(0, -2), ...shape]
  return sameShape(shape, outer) ? product : make("Reshape", [product], {}, outer)
}

/** A value whose axes have letters. */
interface Lettered {
  readonly x: Value
  readonly letters: string
}

const sum = ({ letters, x }: Lettered, keep: string, make: Make): Lettered => {
  const axes = [...letters].flatMap((letter, axis) => (keep.includes(letter) ? [] : [axis]))
  if (axes.length === 0) return { x, letters }
  const shape = x.shape.filter((_, axis) => !axes.includes(axis))
  return {
    x: make("ReduceSum", [x], { axes, keepDims: false }, shape),
    letters: [...letters].filter((letter) => keep.includes(letter)).join(""),
  }
}

const arrange = ({ letters, x }: Lettered, order: string, make: Make): Value => {
  if (letters === order) return x
  const permutation = [...order].map((letter) => letters.indexOf(letter))
  return make(
    "Transpose",
    [x],
    { permutation },
    permutation.map((axis) => x.shape[axis]),
  )
}

/** The product over the letters that both have and the output has not. */
const contract = (left: Lettered, right: Lettered, out: string, make: Make): Lettered => {
  const a = sum(left, out + right.letters, make)
  const b = sum(right, out + left.letters, make)
  const those = (letters: string, isOne: (letter: string) => boolean) => [...letters].filter(isOne).join("")
  const batch = those(a.letters, (letter) => b.letters.includes(letter) && out.includes(letter))
  const inner = those(a.letters, (letter) => b.letters.includes(letter) && !out.includes(letter))
  const rows = those(a.letters, (letter) => !b.letters.includes(letter))
  const columns = those(b.letters, (letter) => !a.letters.includes(letter))
  const sizeAt = (letter: string) =>
    a.letters.includes(letter) ? a.x.shape[a.letters.indexOf(letter)] : b.x.shape[b.letters.indexOf(letter)]
  const sizes = (letters: string) => [...letters].map(sizeAt)
  const matrix = (of: Lettered, parts: ReadonlyArray<string>) =>
    make(
      "Reshape",
      [arrange(of, parts.join(""), make)],
      {},
      parts.map((part) => sizeOf(sizes(part))),
    )
  const product = matMul(
    { a: matrix(a, [batch, rows, inner]), b: matrix(b, [batch, inner, columns]) },
    { transposeA: false, transposeB: false },
    make,
  )
  const letters = batch + rows + columns
  return { x: make("Reshape", [product], {}, sizes(letters)), letters }
}

/** Adds the entries. */
export const addProducts = () => {
  kernel(tf.BatchMatMul, matMul)
  kernel<{ readonly equation: string }>(tf.Einsum, (inputs, { equation }, make) => {
    const values = Object.values(inputs)
    const { idDims, allDims } = backend_util.decodeEinsumEquation(equation, values.length)
    backend_util.checkEinsumDimSizes(allDims.length, idDims, values as unknown as Array<tf.Tensor>)
    const { operands, out } = parseEinsum(equation)
    const lettered = values.map((x, i) => ({ x, letters: operands[i] }))
    const [first, second] = lettered
    const result = second === undefined ? sum(first, out, make) : contract(first, second, out, make)
    return arrange(result, out, make)
  })
}
