/**
 * "Did you mean": (what was written, what is known) -> the known words that were probably meant, most likely first.
 *
 * Spelling counts neither case nor _ and -. What Keras and PyTorch call otherwise is in a table.
 */

/** kernel_size, kernelSize and KernelSize are one word. */
export const normalized = (word: string) => word.toLowerCase().replace(/[_\-\s.]/g, "")

/** Words of Keras, PyTorch and common speech, normalized -> ours. A word counts only where ours is known. */
const synonyms: Readonly<Record<string, ReadonlyArray<string>>> = {
  // Fields of an experiment.
  network: ["model"],
  layers: ["model"],
  data: ["dataset"],
  criterion: ["loss"],
  objective: ["loss"],
  optim: ["optimizer"],
  batch: ["batchSize"],
  randomseed: ["seed"],
  ema: ["averaging"],
  preprocessing: ["normalization"],
  transforms: ["augmentation"],
  validationfreq: ["evaluateEvery"],
  validationfrequency: ["evaluateEvery"],
  savefreq: ["checkpointEvery"],
  logevery: ["recordEvery"],
  earlystop: ["earlyStopping"],
  // Fields of optimizers and their schedules.
  lr: ["learningRate"],
  eta: ["learningRate"],
  stepsize: ["learningRate", "every"],
  eps: ["epsilon"],
  wd: ["weightDecay"],
  rho: ["decay"],
  alpha: ["decay"],
  clipnorm: ["clip"],
  clipvalue: ["clip"],
  globalclipnorm: ["clip"],
  gamma: ["factor"],
  maxlr: ["peak"],
  pctstart: ["rise"],
  divfactor: ["divisor"],
  finaldivfactor: ["finalDivisor"],
  warmupsteps: ["warmup"],
  // Fields of layers.
  outchannels: ["filters"],
  channels: ["filters"],
  outfeatures: ["units"],
  bias: ["useBias"],
  affine: ["scale"],
  p: ["rate"],
  negativeslope: ["alpha"],
  // Kinds of layers.
  linear: ["dense"],
  fullyconnected: ["dense"],
  fc: ["dense"],
  conv: ["conv2d"],
  convolution: ["conv2d"],
  convolution2d: ["conv2d"],
  maxpool: ["maxPooling2d"],
  maxpool2d: ["maxPooling2d"],
  maxpooling: ["maxPooling2d"],
  avgpool: ["averagePooling2d"],
  avgpool2d: ["averagePooling2d"],
  averagepooling: ["averagePooling2d"],
  globalaveragepooling: ["globalAveragePooling2d"],
  adaptiveavgpool2d: ["globalAveragePooling2d"],
  batchnorm: ["batchNormalization"],
  batchnorm2d: ["batchNormalization"],
  layernorm: ["layerNormalization"],
  concat: ["concatenate"],
  cat: ["concatenate"],
  // Losses.
  crossentropy: ["softmaxCrossEntropy"],
  crossentropyloss: ["softmaxCrossEntropy"],
  categoricalcrossentropy: ["softmaxCrossEntropy"],
  sparsecategoricalcrossentropy: ["softmaxCrossEntropy"],
  nllloss: ["softmaxCrossEntropy"],
  mse: ["meanSquaredError"],
  mseloss: ["meanSquaredError"],
  // Other literals.
  silu: ["swish"],
  identity: ["linear"],
  none: ["linear"],
  fashion: ["fashion-mnist"],
  emnist: ["emnist-digits", "emnist-letters", "emnist-balanced"],
  kuzushijimnist: ["kmnist"],
  valaccuracy: ["validationAccuracy"],
  valloss: ["validationLoss"],
  zscore: ["standardized"],
}

/** Insertions, deletions, replacements and exchanges of neighbours that make one word of another: Damerau (1964). */
const distance = (a: string, b: string): number => {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)])
  for (let j = 0; j <= b.length; j++) rows[0][j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
    }
  }
  return rows[a.length][b.length]
}

/** A longer word may have more faults: one in four letters. */
const mostFaults = (word: string) => Math.max(1, Math.floor(word.length / 4))

/** A value longer than this is no misspelt word. */
const longestWord = 40

export const suggest = (written: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const word = normalized(written)
  if (word === "" || word.length > longestWord) return []
  const same = known.filter((one) => normalized(one) === word)
  if (same.length > 0) return same
  const translated = (Object.hasOwn(synonyms, word) ? synonyms[word] : []).filter((one) =>
    known.includes(one),
  )
  if (translated.length > 0) return translated
  const near = known
    .map((one) => ({ one, faults: distance(word, normalized(one)) }))
    .filter(({ faults, one }) => faults <= Math.min(mostFaults(word), mostFaults(normalized(one))))
  const fewest = Math.min(...near.map(({ faults }) => faults))
  return near.filter(({ faults }) => faults === fewest).map(({ one }) => one)
}
