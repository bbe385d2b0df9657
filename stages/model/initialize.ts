/**
 * Initial weights: (initializer, shape, key) -> values, row-major.
 *
 * Drawn from the counter-based generator, so they depend on the seed and the name of the variable only. The initializers of
 * TensorFlow.js are not used, because several ignore their seed. Fans and scales are those of Keras: Glorot and Bengio,
 * Understanding the difficulty of training deep feedforward neural networks (2010); He et al., Delving deep into rectifiers
 * (2015).
 */
import type { Initializer } from "../../schemas/experiment/weights.ts"
import { type RandomKey, randomWords } from "../random.ts"

/**
 * Fans of a dense kernel [inputs, units] or a convolution kernel [height, width, in, out], depthwise ones too, as in
 * Keras.
 */
const fans = (shape: ReadonlyArray<number>) => {
  const field = shape.slice(0, -2).reduce((product, size) => product * size, 1)
  const [fanIn, fanOut] = shape.length < 2 ? [shape[0] ?? 1, shape[0] ?? 1] : shape.slice(-2)
  return { fanIn: fanIn * field, fanOut: fanOut * field }
}

/** Uniform in the open interval (0, 1): the middle of one of 2^32 equal parts, so that its logarithm is finite. */
const unit = (word: number) => (word + 0.5) * 2 ** -32

/** Box and Muller (1958): two uniform draws give two normal ones. Draws beyond `limit` standard deviations are replaced. */
const fillNormal = (values: Float32Array, key: RandomKey, mean: number, stddev: number, limit: number) => {
  const words = new Uint32Array(1024)
  let position = 0
  let filled = 0
  while (filled < values.length) {
    randomWords(key, position, words)
    position += words.length
    for (let i = 0; i < words.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(unit(words[i])))
      const angle = 2 * Math.PI * unit(words[i + 1])
      const first = radius * Math.cos(angle)
      const second = radius * Math.sin(angle)
      if (Math.abs(first) <= limit && filled < values.length) values[filled++] = mean + stddev * first
      if (Math.abs(second) <= limit && filled < values.length) values[filled++] = mean + stddev * second
    }
  }
}

const fillUniform = (values: Float32Array, key: RandomKey, minval: number, maxval: number) => {
  const words = new Uint32Array(values.length)
  randomWords(key, 0, words)
  for (let i = 0; i < values.length; i++) values[i] = minval + (maxval - minval) * unit(words[i])
}

/**
 * The standard deviation of a standard normal distribution truncated at 2. Dividing by it keeps the scale of a
 * truncated draw.
 */
const truncatedStddev = 0.87962566103423978

export const initialize = (
  initializer: Initializer,
  shape: ReadonlyArray<number>,
  key: RandomKey,
): Float32Array => {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1))
  const { fanIn, fanOut } = fans(shape)
  const uniform = (variance: number) => {
    const limit = Math.sqrt(3 * variance)
    fillUniform(values, key, -limit, limit)
  }
  const normal = (variance: number) => fillNormal(values, key, 0, Math.sqrt(variance) / truncatedStddev, 2)
  switch (initializer.kind) {
    case "zeros":
      break
    case "ones":
      values.fill(1)
      break
    case "constant":
      values.fill(initializer.value)
      break
    case "truncatedNormal":
      fillNormal(values, key, initializer.mean, initializer.stddev, 2)
      break
    case "randomNormal":
      fillNormal(values, key, initializer.mean, initializer.stddev, Infinity)
      break
    case "randomUniform":
      fillUniform(values, key, initializer.minval, initializer.maxval)
      break
    case "glorotUniform":
      uniform(2 / (fanIn + fanOut))
      break
    case "glorotNormal":
      normal(2 / (fanIn + fanOut))
      break
    case "heUniform":
      uniform(2 / fanIn)
      break
    case "heNormal":
      normal(2 / fanIn)
      break
  }
  return values
}
