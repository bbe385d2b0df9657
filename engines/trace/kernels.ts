/**
 * How TensorFlow.js kernels are traced: (inputs, attributes) -> value. Convolutions and pooling, products, arrangement and
 * resizing have files of their own: windowKernels.ts, productKernels.ts, arrangeKernels.ts and resizeKernels.ts.
 *
 * Names and attributes are those of tfjs-core's `kernel_names`. Shapes are computed by its `backend_util`, as in the reference
 * engine. A kernel composed of simpler ones is traced as those. Operations on elements are rows of `operators.ts`.
 */
import * as tf from "@tensorflow/tfjs-core"
import { arithmetic, comparisons, functions, rowsOf } from "../operators.ts"
import { addArranging } from "./arrangeKernels.ts"
import type { Value } from "./graph.ts"
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
import { addProducts, matMul } from "./productKernels.ts"
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

addArranging()
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
      // A mean of whole numbers or booleans is a float32.
      const isCast = op === "ReduceMean" && x.dtype !== "float32"
      const from = isCast ? make("Cast", [x], {}, x.shape, "float32") : x
      return axes.length === 0 ? from : make(op, [from], { axes, keepDims }, shape, from.dtype)
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

addProducts()

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
