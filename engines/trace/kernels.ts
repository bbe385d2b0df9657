/**
 * How each TensorFlow.js kernel is traced: (inputs, attributes) -> value. One entry for each kernel.
 *
 * Names and attributes are those of tfjs-core's `kernel_names`. Shapes are computed by its `backend_util`, as in the reference
 * engine. A kernel composed of simpler ones is traced as those. Operations on elements are rows of `operators.ts`.
 */
import * as tf from "@tensorflow/tfjs-core"
import { arithmetic, comparisons, functions, rowsOf } from "../operators.ts"
import type { DType, Value } from "./graph.ts"
import { sameShape, sizeOf } from "./graph.ts"
import {
  binary,
  broadcast,
  type Inputs,
  kernel,
  KernelRefused,
  kernels,
  type Make,
  scalar,
  unary,
} from "./Kernel.ts"
import { addResizing } from "./resizeKernels.ts"
import { conv2d } from "./windowKernels.ts"

const { util } = tf

for (const [op, { kernel: name }] of rowsOf(arithmetic)) {
  kernel(name, ({ a, b }, _, make) => binary(make, op, a, b))
}
for (const [op, { kernel: name }] of rowsOf(comparisons)) {
  kernel(name, ({ a, b }, _, make) => make(op, [a, b], {}, broadcast(a, b), "bool"))
}
for (const [op, { kernel: name }] of rowsOf(functions)) {
  kernel(name, ({ x }, _, make) => make(op, [x], {}, x.shape, x.dtype))
}
kernel(tf.NotEqual, ({ a, b }, _, make) =>
  unary(make, "LogicalNot", make("Equal", [a, b], {}, broadcast(a, b), "bool")),
)
kernel(tf.SquaredDifference, ({ a, b }, _, make) => {
  const difference = binary(make, "Sub", a, b)
  return binary(make, "Mul", difference, difference)
})
kernel(tf.AddN, (inputs, _, make) => Object.values(inputs).reduce((a, b) => binary(make, "Add", a, b)))

kernel(tf.Square, ({ x }, _, make) => binary(make, "Mul", x, x))
kernel(tf.Rsqrt, ({ x }, _, make) => unary(make, "Reciprocal", unary(make, "Sqrt", x)))
kernel<tf.LeakyReluAttrs>(tf.LeakyRelu, ({ x }, { alpha }, make) =>
  make("LeakyRelu", [x], { alpha }, x.shape),
)
kernel<tf.StepAttrs>(tf.Step, ({ x }, { alpha }, make) => make("Step", [x], { alpha: alpha ?? 0 }, x.shape))
kernel<tf.ClipByValueAttrs>(tf.ClipByValue, ({ x }, { clipValueMin, clipValueMax }, make) =>
  binary(make, "Maximum", binary(make, "Minimum", x, scalar(make, clipValueMax)), scalar(make, clipValueMin)),
)
/** x if positive, else alpha · x. Alpha has a value for each element of an image, or for each channel. */
kernel(tf.Prelu, ({ x, alpha }, _, make) => {
  const negative = make("Less", [x, scalar(make, 0)], {}, x.shape, "bool")
  return make("Select", [negative, binary(make, "Mul", alpha, x), x], {}, x.shape)
})
/** dx = dy if y >= 0, else dy·(y + 1): the derivative in terms of the output. */
kernel(tf.EluGrad, ({ dy, y }, _, make) => {
  const positive = make("GreaterEqual", [y, scalar(make, 0)], {}, y.shape, "bool")
  const negative = binary(make, "Mul", dy, binary(make, "Add", y, scalar(make, 1)))
  return make("Select", [positive, dy, negative], {}, y.shape)
})
kernel(tf.Select, ({ condition, t, e }, _, make) => {
  // A condition with one axis selects whole rows.
  const rows =
    condition.shape.length < t.shape.length
      ? make(
          "Reshape",
          [condition],
          {},
          [...condition.shape, ...t.shape.slice(condition.shape.length).map(() => 1)],
          "bool",
        )
      : condition
  return make("Select", [rows, t, e], {}, t.shape, t.dtype)
})
kernel<tf.SoftmaxAttrs>(tf.Softmax, ({ logits }, { dim }, make) => {
  if (dim !== logits.shape.length - 1 && dim !== -1) throw new KernelRefused("its axis is not the last one")
  return make("Softmax", [logits], {}, logits.shape)
})

// shapes and types
kernel<tf.CastAttrs>(tf.Cast, ({ x }, { dtype }, make) => {
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new KernelRefused(`values of type ${dtype} are not supported`)
  }
  return x.dtype === dtype ? x : make("Cast", [x], {}, x.shape, dtype)
})
kernel(tf.Identity, ({ x }) => x)
kernel<tf.ReshapeAttrs>(tf.Reshape, ({ x }, { shape }, make) =>
  make("Reshape", [x], {}, util.inferFromImplicitShape([...shape], sizeOf(x.shape)), x.dtype),
)
kernel<tf.ExpandDimsAttrs>(tf.ExpandDims, ({ input }, { dim }, make) => {
  const shape = [...input.shape]
  shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1)
  return make("Reshape", [input], {}, shape, input.dtype)
})
kernel<tf.TransposeAttrs>(tf.Transpose, ({ x }, { perm }, make) =>
  make(
    "Transpose",
    [x],
    { permutation: [...perm] },
    perm.map((axis) => x.shape[axis]),
    x.dtype,
  ),
)
kernel<tf.ConcatAttrs>(tf.Concat, (inputs, attributes, make) => {
  const parts = Object.values(inputs)
  const [{ dtype, shape }] = parts
  const [axis] = util.parseAxisParam(attributes.axis, [...shape])
  const size = parts.reduce((sum, part) => sum + part.shape[axis], 0)
  return make("Concat", parts, { axis }, shape.with(axis, size), dtype)
})
kernel<tf.SplitVAttrs>(tf.SplitV, ({ x }, attributes, make) => {
  const [axis] = util.parseAxisParam(attributes.axis, [...x.shape])
  const { numOrSizeSplits: split } = attributes
  const sizes = Array.isArray(split) ? split : Array.from({ length: split }, () => x.shape[axis] / split)
  let start = 0
  return sizes.map((size) => {
    const begin = x.shape.map((_, i) => (i === axis ? start : 0))
    start += size
    return make("Slice", [x], { begin }, x.shape.with(axis, size), x.dtype)
  })
})
kernel<tf.SliceAttrs>(tf.Slice, ({ x }, { begin, size }, make) => {
  const [start, sizes] = tf.slice_util.parseSliceParams(x as unknown as tf.TensorInfo, begin, size)
  return make("Slice", [x], { begin: start }, sizes, x.dtype)
})
kernel<tf.PadV2Attrs>(tf.PadV2, ({ x }, { constantValue, paddings }, make) => {
  const [before, after] = [0, 1].map((side) => paddings.map((pair) => pair[side]))
  const shape = x.shape.map((size, axis) => before[axis] + size + after[axis])
  return make("Pad", [x], { before, after, value: constantValue }, shape, x.dtype)
})
kernel<tf.PackAttrs>(tf.Pack, (inputs, { axis }, make) => {
  const parts = Object.values(inputs).map((part) =>
    make("Reshape", [part], {}, part.shape.toSpliced(axis, 0, 1), part.dtype),
  )
  const [{ dtype, shape }] = parts
  return make("Concat", parts, { axis }, shape.with(axis, parts.length), dtype)
})
kernel<tf.UnpackAttrs>(tf.Unpack, ({ value }, attributes, make) => {
  const [axis] = util.parseAxisParam(attributes.axis, [...value.shape])
  return Array.from({ length: value.shape[axis] }, (_, at) => {
    const begin = value.shape.map((_, i) => (i === axis ? at : 0))
    const part = make("Slice", [value], { begin }, value.shape.with(axis, 1), value.dtype)
    return make("Reshape", [part], {}, value.shape.toSpliced(axis, 1), value.dtype)
  })
})
/** Whole numbers from 0. */
const places = (make: Make, length: number) =>
  make("Constant", [], { data: Int32Array.from({ length }, (_, i) => i) }, [length], "int32")
/** 1 where the index of the last axis is the number, else 0: [...numbers, depth]. */
const oneHot = (make: Make, numbers: Value, depth: number) => {
  const each = make("Reshape", [numbers], {}, [...numbers.shape, 1], numbers.dtype)
  const shape = [...numbers.shape, depth]
  const equal = make("Equal", [each, places(make, depth)], {}, shape, "bool")
  return make("Cast", [equal], {}, shape)
}
kernel<tf.OneHotAttrs>(tf.OneHot, ({ indices }, { depth, offValue, onValue }, make) => {
  const hot = oneHot(make, indices, depth)
  const scaled = binary(make, "Mul", hot, scalar(make, onValue - offValue))
  const values = binary(make, "Add", scaled, scalar(make, offValue))
  return make("Cast", [values], {}, values.shape, "int32")
})
kernel<tf.GatherV2Attrs>(tf.GatherV2, ({ x, indices }, attributes, make) => {
  if (attributes.batchDims !== 0) throw new KernelRefused("it gathers by batch")
  const [axis] = util.parseAxisParam(attributes.axis, [...x.shape])
  const shape = x.shape.toSpliced(axis, 1, ...indices.shape)
  return make("Gather", [x, indices], { axis }, shape, x.dtype)
})
/**
 * The gradient of a gather: the rows of each segment are added, by a product with one-hot numbers. Its order of addition does not
 * depend on threads.
 */
kernel<tf.UnsortedSegmentSumAttrs>(tf.UnsortedSegmentSum, ({ x, segmentIds }, { numSegments }, make) => {
  if (segmentIds.shape.length !== 1) throw new KernelRefused("its numbers have more than one axis")
  const [rows, ...rest] = x.shape
  const flat = make("Reshape", [x], {}, [rows, sizeOf(rest)], x.dtype)
  const hot = oneHot(make, segmentIds, numSegments)
  const sum = make("MatMul", [hot, flat], { transposeA: true, transposeB: false, relu: false }, [
    numSegments,
    sizeOf(rest),
  ])
  return make("Reshape", [sum], {}, [numSegments, ...rest])
})
kernel<tf.ReverseAttrs>(tf.Reverse, ({ x }, { dims }, make) =>
  util.parseAxisParam(dims, [...x.shape]).reduce((reversed, axis) => {
    const data = Int32Array.from({ length: x.shape[axis] }, (_, i) => x.shape[axis] - 1 - i)
    const order = make("Constant", [], { data }, [data.length], "int32")
    return make("Gather", [reversed, order], { axis }, x.shape, x.dtype)
  }, x),
)
kernel<tf.TileAttrs>(tf.Tile, ({ x }, { reps }, make) =>
  make(
    "Tile",
    [x],
    { repeats: [...reps] },
    x.shape.map((size, axis) => size * reps[axis]),
    x.dtype,
  ),
)
kernel<tf.FillAttrs>(tf.Fill, (_, { shape, value, dtype }, make) =>
  make("Fill", [], { value: Number(value) }, shape, (dtype ?? "float32") as DType),
)
kernel(tf.ZerosLike, ({ x }, _, make) => make("Fill", [], { value: 0 }, x.shape, x.dtype))
kernel(tf.OnesLike, ({ x }, _, make) => make("Fill", [], { value: 1 }, x.shape, x.dtype))

addResizing()

// reductions
for (const [name, op] of [
  [tf.Sum, "ReduceSum"],
  [tf.Mean, "ReduceMean"],
  [tf.Max, "ReduceMax"],
  [tf.Min, "ReduceMin"],
  [tf.Prod, "ReduceProd"],
] as const) {
  kernel<{ axis?: number | Array<number>; reductionIndices?: number | Array<number>; keepDims?: boolean }>(
    name,
    ({ x }, { axis, reductionIndices, keepDims = false }, make) => {
      // No axis means all axes: by parseAxisParam, although not by its type.
      const axes = util.parseAxisParam((axis ?? reductionIndices) as number, [...x.shape])
      const shape = keepDims
        ? x.shape.map((size, i) => (axes.includes(i) ? 1 : size))
        : x.shape.filter((_, i) => !axes.includes(i))
      return axes.length === 0 ? x : make(op, [x], { axes, keepDims }, shape, x.dtype)
    },
  )
}
kernel<tf.ArgMaxAttrs>(tf.ArgMax, ({ x }, { axis }, make) => {
  const [only] = util.parseAxisParam(axis, [...x.shape])
  return make(
    "ArgMax",
    [x],
    { axis: only },
    x.shape.filter((_, i) => i !== only),
    "int32",
  )
})

// matrix products
const matMul = ({ a, b }: Inputs, { transposeA, transposeB }: tf.BatchMatMulAttrs, make: Make) => {
  const isFlat = ({ shape }: Value) => shape[shape.length - 2] * shape[shape.length - 1] === sizeOf(shape)
  if (!isFlat(a) || !isFlat(b)) {
    const [outerA, outerB] = [a, b].map(({ shape }) => shape.slice(0, -2))
    const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB)
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
kernel(tf.BatchMatMul, matMul)

// fused kernels, as their parts
const withBiasAndActivation = (
  product: Value,
  { bias }: Inputs,
  { activation, leakyreluAlpha }: { readonly activation?: string; readonly leakyreluAlpha?: number },
  make: Make,
) => {
  const sum = bias === undefined ? product : binary(make, "Add", product, bias)
  switch (activation ?? "linear") {
    case "linear":
      return sum
    case "relu":
      return make("Relu", [sum], {}, sum.shape)
    case "elu":
      return make("Elu", [sum], {}, sum.shape)
    case "sigmoid":
      return make("Sigmoid", [sum], {}, sum.shape)
    case "leakyrelu":
      return make("LeakyRelu", [sum], { alpha: leakyreluAlpha ?? 0.2 }, sum.shape)
    default:
      throw new KernelRefused(`its activation ${activation} is not supported`)
  }
}
kernel<tf._FusedMatMulAttrs>(tf._FusedMatMul, (inputs, attributes, make) =>
  withBiasAndActivation(matMul(inputs, attributes, make), inputs, attributes, make),
)
kernel<tf.FusedConv2DAttrs>(tf.FusedConv2D, (inputs, attributes, make) =>
  withBiasAndActivation(conv2d(inputs, attributes, make), inputs, attributes, make),
)
/** (x - mean)/sqrt(variance + ε)·scale + offset */
kernel<tf.FusedBatchNormAttrs>(
  tf.FusedBatchNorm,
  ({ x, mean, variance, offset, scale }, { varianceEpsilon }, make) => {
    const deviation = unary(make, "Sqrt", binary(make, "Add", variance, scalar(make, varianceEpsilon)))
    const normal = binary(make, "Div", binary(make, "Sub", x, mean), deviation)
    const scaled = scale === undefined ? normal : binary(make, "Mul", normal, scale)
    return offset === undefined ? scaled : binary(make, "Add", scaled, offset)
  },
)

export { kernels }
