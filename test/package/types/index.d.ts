export interface AugmentationInput {
  /**
   * Share of images to rotate, scale, shear, shift and distort, 0 to 1. Default: all. A network that sees only interpolated
   * images learns that strokes are soft, and errs on sharp ones.
   */
  readonly probability?: number
  /** How to compute a pixel between pixels: from 2×2 of them, or from 4×4, which keeps strokes sharp. Default: bilinear. */
  readonly interpolation?: "bilinear" | "bicubic"
  /** Relative change of width and height, separately: 0.1 means 0.9 to 1.1 times. At least 0 and below 1. Default: 0. */
  readonly scale?: number
  /** Smooth random distortion: Simard, Steinkraus and Platt (2003). Default: none. */
  readonly elastic?: {
    /** Strength: the standard deviation is alpha / (2·sigma·√(3π)) pixels. The authors use 34 for images of 29×29. */
    readonly alpha: number
    /** Smoothness: the width of the blur in pixels. The authors use 4. */
    readonly sigma: number
  }
  /** Share of images to mirror, left to right, 0 to 1. Default: none. */
  readonly flip?: number
  /** Cut an image of the same size from the image with a black margin, at a random place. Default: none. */
  readonly crop?: {
    /** Width of the margin in pixels, 1 to 1000: the image moves by as many, in whole pixels. */
    readonly padding: number
  }
  /** Relative change of all pixels: 0.2 means 0.8 to 1.2 times. At most 1. Default: 0. */
  readonly brightness?: number
  /** Relative change of the distance from the mean gray of the image. At most 1. Default: 0. */
  readonly contrast?: number
  /** Relative change of the distance of each pixel from its gray, for colour images. At most 1. Default: 0. */
  readonly saturation?: number
  /** Black squares, cutout: DeVries and Taylor (2017). Default: none. */
  readonly erasing?: {
    /** Width of the square in pixels. */
    readonly size: number
    /** Share of images that get a square, 0 to 1. Default: 0.5. */
    readonly probability?: number
  }
  /** A function of your own, applied after the others: `augment.custom({ … })`. Default: none. */
  readonly custom?: {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** Degrees, 0 to 180. Default: 0. */
  readonly rotation?: number
  /** Pixels sideways for each pixel down, 0 to 10. Default: 0. */
  readonly shear?: number
  /** Pixels, horizontally and vertically, 0 to 1000. Default: 0. */
  readonly shift?: number
}

/** A dataset: a registered name, or files of your own. */
export type DatasetInput = "mnist" | "fashion-mnist" | "kmnist" | "emnist-digits" | "emnist-letters" | "emnist-balanced" | "qmnist" | {
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /** Number of classes, 2 to 1000. Labels are 0 to classes - 1. */
  readonly classes: number
  /** [height, width] or [height, width, channels] of every image. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** IDX file of bytes: [examples, height, width] or [examples, height, width, channels]. */
  readonly trainImages: {
    /** A path, relative to the working folder, or an http(s) or file URL. The file is IDX, uncompressed or gzip. */
    readonly source: string
    /** SHA-256 of the uncompressed content, in lower-case hexadecimal. Other content is refused. Default: any content. */
    readonly sha256?: string
  }
  /** IDX file of integers: [examples]. */
  readonly trainLabels: {
    /** A path, relative to the working folder, or an http(s) or file URL. The file is IDX, uncompressed or gzip. */
    readonly source: string
    /** SHA-256 of the uncompressed content, in lower-case hexadecimal. Other content is refused. Default: any content. */
    readonly sha256?: string
  }
  /** IDX file of bytes: [examples, height, width] or [examples, height, width, channels]. */
  readonly testImages: {
    /** A path, relative to the working folder, or an http(s) or file URL. The file is IDX, uncompressed or gzip. */
    readonly source: string
    /** SHA-256 of the uncompressed content, in lower-case hexadecimal. Other content is refused. Default: any content. */
    readonly sha256?: string
  }
  /** IDX file of integers: [examples]. */
  readonly testLabels: {
    /** A path, relative to the working folder, or an http(s) or file URL. The file is IDX, uncompressed or gzip. */
    readonly source: string
    /** SHA-256 of the uncompressed content, in lower-case hexadecimal. Other content is refused. Default: any content. */
    readonly sha256?: string
  }
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
} | {
  readonly kind: "folder"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** A folder that has one folder for each class. */
  readonly train: string
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /**
   * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
   * `stretch`: scale width and height separately. Default: images of another size are refused.
   */
  readonly fit?: "cover" | "pad" | "stretch"
  /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
  readonly background?: readonly [number, number, number]
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  readonly test?: string
  /** What to do with files that cannot be decoded or are no images. Default: refuse. */
  readonly damaged?: "refuse" | "exclude"
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
} | {
  readonly kind: "manifest"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** A CSV file with a header, or JSON Lines. */
  readonly train: string
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /** The folder where the paths of images start. Default: the folder of the manifest. */
  readonly folder?: string
  /**
   * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
   * `stretch`: scale width and height separately. Default: images of another size are refused.
   */
  readonly fit?: "cover" | "pad" | "stretch"
  /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
  readonly background?: readonly [number, number, number]
  /** The same for the test set, if the manifest has no column that says the split. */
  readonly test?: string
  /** What to do with files that cannot be decoded or are no images. Default: refuse. */
  readonly damaged?: "refuse" | "exclude"
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** Text after each path, such as ".png" if the manifest has names without it. Default: none. */
  readonly suffix?: string
  /** The names of the columns. Default: path, label, split and group. */
  readonly columns?: {
    readonly path?: string
    readonly label?: string
    /** Its values are train and test. The column may be absent. */
    readonly split?: string
    /** What must stay in one split: a patient, a scene, a writer. The column may be absent. */
    readonly group?: string
  }
} | {
  readonly kind: "npz"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** A file of `numpy.savez` or `numpy.savez_compressed`. */
  readonly file: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** The names of the arrays. Default: those of Keras. If the file has no test arrays, the split must take test examples. */
  readonly arrays?: {
    readonly trainImages?: string
    readonly trainLabels?: string
    readonly testImages?: string
    readonly testLabels?: string
  }
} | {
  readonly kind: "npy"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  readonly trainImages: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  readonly trainLabels: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  readonly testImages?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  readonly testLabels?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
} | {
  readonly kind: "cifar"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** The folder with the files of the archive. */
  readonly folder: string
  /** `10`, or for CIFAR-100 `100` (fine labels) or `20` (coarse labels). */
  readonly labels: 10 | 20 | 100
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
} | {
  readonly kind: "webdataset"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** One or several shards, in this order. `{000..009}` in a path stands for ten. */
  readonly train: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  } | ReadonlyArray<string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }>
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /**
   * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
   * `stretch`: scale width and height separately. Default: images of another size are refused.
   */
  readonly fit?: "cover" | "pad" | "stretch"
  /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
  readonly background?: readonly [number, number, number]
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  readonly test?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  } | ReadonlyArray<string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }>
  /** What to do with files that cannot be decoded or are no images. Default: refuse. */
  readonly damaged?: "refuse" | "exclude"
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** The extension of labels: a text file with the name of the class, or its place in the list of classes. Default: cls. */
  readonly label?: string
  /** The extensions of images; the first one that an example has counts. Default: png, jpg, jpeg, webp. */
  readonly images?: ReadonlyArray<string>
} | {
  readonly kind: "parquet"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** One or several files, in this order. `{000..009}` in a path stands for ten. */
  readonly train: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  } | ReadonlyArray<string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }>
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /**
   * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
   * `stretch`: scale width and height separately. Default: images of another size are refused.
   */
  readonly fit?: "cover" | "pad" | "stretch"
  /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
  readonly background?: readonly [number, number, number]
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  readonly test?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  } | ReadonlyArray<string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }>
  /** What to do with files that cannot be decoded or are no images. Default: refuse. */
  readonly damaged?: "refuse" | "exclude"
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** The names of the columns. Default: image and label. */
  readonly columns?: {
    /** Whole numbers, whose names may be in the metadata of the file, or names. */
    readonly label?: string
    /** Images: `{ bytes, path }` each, or bytes. */
    readonly image?: string
  }
} | {
  readonly kind: "table"
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  readonly classes: number | ReadonlyArray<string>
  /** [height, width] or [height, width, channels] of the images in training. */
  readonly imageShape: readonly [number, number] | readonly [number, number, number]
  /** One or several CSV files, plain or gzip, in this order. */
  readonly train: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  } | ReadonlyArray<string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }>
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  readonly bounds?: {
    /** Number of training examples. */
    readonly trainExamples?: readonly [number, number]
    /** Number of test examples. */
    readonly testExamples?: readonly [number, number]
    /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
    readonly classShare?: readonly [number, number] | {
      readonly [key: string]: readonly [number, number]
    }
    /** Mean of all pixels of each set, on the scale 0 to 1. */
    readonly pixelMean?: readonly [number, number]
    /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
    readonly pixelStddev?: readonly [number, number]
  }
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  readonly test?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  } | ReadonlyArray<string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }>
  /** How many equal images are allowed in several splits or with several labels. */
  readonly allow?: {
    /** Images that may be in several splits. Default: 0. */
    readonly duplicates?: number
    /** Images that may have several labels. Default: 0. */
    readonly conflicts?: number
  }
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  readonly archive?: string | {
    /** A path, relative to the working folder, or an http(s) or file URL. */
    readonly source: string
    /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
    readonly sha256?: string
  }
  /** The column of the label: its name, or its place from 0, or from the end: -1 is the last one. Default: label. */
  readonly label?: string | number
  /** Whether the first row names the columns. Default: true. */
  readonly header?: boolean
  /** The number of a white pixel, at most 65535; 0 is black. Others are scaled to whole numbers from 0 to 255. Default: 255. */
  readonly brightest?: number
}

/** An ensemble as a user writes it. */
export interface EnsembleInput {
  readonly name: string
  readonly description?: string
  readonly combine?: "mean" | "vote"
  /** They share one dataset, test split and loss. The same network twice needs two seeds. */
  readonly members: ReadonlyArray<ExperimentInput>
}

/** What a user writes: fields with a default are optional. */
export type ExperimentInput = {
  /** At most 64 lower-case letters, digits and -. It is part of the id of every run. */
  readonly name: string
  /**
   * `softmaxCrossEntropy`, and `sigmoidCrossEntropy`, the binary cross-entropy of each class: the last layer gives logits.
   * `meanSquaredError`: the last layer gives outputs in [0, 1].
   */
  readonly loss: "softmaxCrossEntropy" | "sigmoidCrossEntropy" | "meanSquaredError" | {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** A registered dataset, such as "mnist", or your own: `datasets.folder({ … })`, or four IDX files. */
  readonly dataset: DatasetInput
  /** The layers of the network. The last one has one output for each class. */
  readonly model: ReadonlyArray<LayerInput>
  /** How weights are updated, such as `optimizers.adam({ learningRate: 0.001 })`. */
  readonly optimizer: OptimizerInput
  /** Examples in an iteration. */
  readonly batchSize: number
  /** How long to train: { iterations: 1000 } or { epochs: 10 }. */
  readonly budget: {
    /** Optimizer updates. */
    readonly iterations: number
  } | {
    /** Passes over the train split, rounded up to a whole iteration. */
    readonly epochs: number
  }
  /**
   * How examples are divided into train, validation and test split. Default: the standard split with 5000 validation
   * examples.
   */
  readonly split?: {
    readonly kind: "standard"
    /** Number of validation examples. Default: 5000. */
    readonly validation?: number
    /** Determines the shuffle of the split; independent of the seed of the experiment. Default: 0. */
    readonly seed?: number
    readonly stratified?: boolean
  } | {
    readonly kind: "pooled"
    /** Share of all examples in the test split, at least 0 and below 1. */
    readonly test: number
    /** Share of the other examples in the validation split, at least 0 and below 1. Default: 0.1. */
    readonly validation?: number
    /** Determines the shuffle of the split; independent of the seed of the experiment. Default: 0. */
    readonly seed?: number
    readonly stratified?: boolean
  } | {
    readonly kind: "hashed"
    /** Share of all examples in the test split, about. Default: none; the test set of the dataset is the test split. */
    readonly test?: number
    /** Share of the other examples in the validation split, about. Default: 0.1. */
    readonly validation?: number
    /** Changes the hash; independent of the seed of the experiment. Default: 0. */
    readonly seed?: number
    /** What is hashed: the pixels of an image, or its group in a manifest. Default: content. */
    readonly by?: "group" | "content"
  }
  /** Free text. Default: empty. */
  readonly description?: string
  /** Determines initial weights, shuffling, dropout and augmentation. Default: 0. */
  readonly seed?: number
  /**
   * `unit`: pixel / 255. `standardized`: (pixel - mean) / standard deviation over the train split.
   * `standardizedByChannel`: the same for each channel. Default: unit.
   */
  readonly normalization?: "unit" | "standardized" | "standardizedByChannel"
  /** Random changes of the images in training. Default: none. */
  readonly augmentation?: AugmentationInput
  /** A function of your own that changes every image: `preprocess.custom({ … })`. Default: none. */
  readonly preprocess?: {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /**
   * The share of each label that is spread evenly over all classes in training, at least 0 and below 1. Default: none.
   * Szegedy et al., Rethinking the Inception architecture (2016).
   */
  readonly labelSmoothing?: number
  /**
   * How much more the examples of a class count in the training loss, by label: `{ 3: 2 }`. Classes that are not named have 1.
   * The loss is divided by the number of examples, as in Keras. Default: none.
   */
  readonly classWeight?: {
    readonly [key: string]: number
  }
  /** Evaluate, test, predict and export with an exponential moving average of the weights. Default: none. */
  readonly averaging?: {
    /** Share of the average that an update keeps; 0.999 remembers about 1000 iterations. Default: 0.999. */
    readonly decay?: number
  }
  /**
   * Iterations between two evaluations of the validation split, or { epochs: 1 }. The last iteration is always evaluated.
   * Default: a fifth of the budget, at least 100 and at most 1000 iterations.
   */
  readonly evaluateEvery?: number | {
    readonly epochs: number
  }
  /**
   * Version of the rules for when the validation split is evaluated (`stages/train/plan.ts`). Version 1 is that of runs
   * whose run.json names none. Default: 2.
   */
  readonly evaluationRules?: 2 | 1
  /** Iterations between two checkpoints, or { epochs: 1 }. Default: 1000. */
  readonly checkpointEvery?: number | {
    readonly epochs: number
  }
  /** Iterations between two rows of training metrics. Default: 100. */
  readonly recordEvery?: number
  /** How many of the newest checkpoints are kept, in addition to the best one. Default: 3. */
  readonly keepCheckpoints?: number
  /**
   * The metric of the validation split that decides which checkpoint is the best: `validationLoss`, `validationAccuracy`, or one of
   * `metrics` by its name, such as `{ metric: "macroF1", mode: "max" }`. Default: validationAccuracy.
   */
  readonly monitor?: "validationLoss" | "validationAccuracy" | {
    /** A name in `metrics`. */
    readonly metric: string
    /** Whether more of it is better, or less. Default: max. */
    readonly mode?: "max" | "min"
  }
  /**
   * More metrics by their names, such as `{ top5: metrics.topKCategoricalAccuracy() }` or `{ macroF1: metrics.custom({ … }) }`,
   * measured on the validation and the test split. Default: none.
   */
  readonly metrics?: {
    readonly [key: string]: {
      readonly kind: "custom"
      /** The module, relative to the experiment file. */
      readonly module: string
      /** The name under which the module exports the function. */
      readonly export: string
      /** Plain values, which the function's own schema decodes. Default: none. */
      readonly options?: {
        readonly [key: string]: unknown
      }
    } | {
      readonly kind: "topKCategoricalAccuracy"
      /** How many of the largest probabilities count. Default: 5. */
      readonly k?: number
    }
  }
  /** Which checkpoint is tested: the last one, or the best one by `monitor`. Default: last. */
  readonly report?: "last" | "best"
  /** Stop training when the monitored metric no longer improves. Default: train to the end of the budget. */
  readonly earlyStopping?: {
    /** Evaluations without an improvement after which training stops. */
    readonly patience: number
    /**
     * An improvement is larger than this, measured from the last improvement. The best checkpoint does not depend
     * on it. Default: 0.
     */
    readonly minDelta?: number
  }
  /**
   * When the model of a run may become the champion. It affects no result. Default: the rules of `Gate` with their
   * defaults.
   */
  readonly gate?: GateInput
  /** The files and packages of own code. `run` finds them out. */
  readonly code?: {
    /** SHA-256 of the text of every local file, by its path below the folder that they have in common. */
    readonly files: {
      readonly [key: string]: string
    }
    /** The version of every package that a local file imports. */
    readonly packages: {
      readonly [key: string]: string
    }
    /** The common folder, relative to that of the experiment file. It is not part of the fingerprint. */
    readonly folder: string
  }
}

export interface GateInput {
  /**
   * The metric that must not be worse than the champion's, over the test examples that both models predicted.
   * `accuracy`: exact McNemar test. `loss` (cross-entropy of the true class, in nats): paired t test.
   */
  readonly metric?: "accuracy" | "loss"
  /**
   * One-sided significance level: the probability of refusing a model that is as good as the champion. At 0.5 any
   * worse metric is refused (for accuracy, from two test examples on), which suits test splits too small to show a
   * difference.
   */
  readonly significance?: number
  /**
   * Non-inferiority margin, in the metric's unit (0.002 of accuracy is 0.2 percentage points). Without it, a model is
   * refused if the test shows that it is worse. With it, a model is refused unless the test shows that it is worse by
   * less than the margin: stricter, and seldom passed on small test splits.
   */
  readonly margin?: number
  /** Lowest test accuracy (default: more than always predicting the most frequent class). */
  readonly leastAccuracy?: number
  /** Lowest recall of every class, or of single classes by label. */
  readonly leastRecall?: number | {
    readonly [key: string]: number
  }
  /** Highest median time to predict one image, on the machine and engine that judge. Measured only if this is set. */
  readonly mostLatencyMs?: number
  /** Largest size of the model as float32, 4 bytes per parameter. */
  readonly mostSizeBytes?: number
}

/** One of `initializers`. */
export type InitializerInput = {
  readonly kind: "zeros"
} | {
  readonly kind: "ones"
} | {
  readonly kind: "constant"
  readonly value: number
} | {
  readonly kind: "truncatedNormal"
  /** Default: 0. */
  readonly mean?: number
  /** Standard deviation. Default: 0.05. */
  readonly stddev?: number
} | {
  readonly kind: "randomNormal"
  /** Default: 0. */
  readonly mean?: number
  /** Standard deviation. Default: 0.05. */
  readonly stddev?: number
} | {
  readonly kind: "randomUniform"
  /** Least value. Default: -0.05. */
  readonly minval?: number
  /** Greatest value. Default: 0.05. */
  readonly maxval?: number
} | {
  readonly kind: "glorotUniform"
} | {
  readonly kind: "glorotNormal"
} | {
  readonly kind: "heUniform"
} | {
  readonly kind: "heNormal"
}

/** A layer of a network, as a user writes it: one of `layers`. */
export type LayerInput = {
  readonly kind: "conv2d"
  /** [height, width] of a filter in pixels. One number means a square. */
  readonly kernelSize: number | readonly [number, number]
  /** Output channels. */
  readonly filters: number
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  readonly padding?: "valid" | "same"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** Distance between windows: [vertical, horizontal], or one number for both. Default: 1. */
  readonly strides?: number | readonly [number, number]
  /** Initial kernel. Default: glorotUniform. */
  readonly kernelInitializer?: InitializerInput
  /** Penalty on the kernel. Default: none. */
  readonly kernelRegularizer?: RegularizerInput
  /** Whether to add a bias. Default: true. */
  readonly useBias?: boolean
  /** Initial bias. Default: zeros. */
  readonly biasInitializer?: InitializerInput
  /** Applied to the output. Default: linear. */
  readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "depthwiseConv2d"
  /** [height, width] of a filter in pixels. One number means a square. */
  readonly kernelSize: number | readonly [number, number]
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  readonly padding?: "valid" | "same"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** Distance between windows, the same vertically and horizontally. Default: 1. */
  readonly strides?: number | readonly [number, number]
  /** Whether to add a bias. Default: true. */
  readonly useBias?: boolean
  /** Initial bias. Default: zeros. */
  readonly biasInitializer?: InitializerInput
  /** Applied to the output. Default: linear. */
  readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Filters for each input channel. Default: 1. */
  readonly depthMultiplier?: number
  /** Initial depthwise kernel. Default: glorotUniform. */
  readonly depthwiseInitializer?: InitializerInput
  /** Penalty on the depthwise kernel. Default: none. */
  readonly depthwiseRegularizer?: RegularizerInput
} | {
  readonly kind: "separableConv2d"
  /** [height, width] of a filter in pixels. One number means a square. */
  readonly kernelSize: number | readonly [number, number]
  /** Output channels. */
  readonly filters: number
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  readonly padding?: "valid" | "same"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** Distance between windows, the same vertically and horizontally. Default: 1. */
  readonly strides?: number | readonly [number, number]
  /** Whether to add a bias. Default: true. */
  readonly useBias?: boolean
  /** Initial bias. Default: zeros. */
  readonly biasInitializer?: InitializerInput
  /** Applied to the output. Default: linear. */
  readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Filters for each input channel. Default: 1. */
  readonly depthMultiplier?: number
  /** Initial depthwise kernel. Default: glorotUniform. */
  readonly depthwiseInitializer?: InitializerInput
  /** Penalty on the depthwise kernel. Default: none. */
  readonly depthwiseRegularizer?: RegularizerInput
  /** Initial kernel of the 1×1 convolution. Default: glorotUniform. */
  readonly pointwiseInitializer?: InitializerInput
  /** Penalty on the kernel of the 1×1 convolution. Default: none. */
  readonly pointwiseRegularizer?: RegularizerInput
} | {
  readonly kind: "maxPooling2d"
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  readonly padding?: "valid" | "same"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** Distance between windows. Default: the pool size. */
  readonly strides?: number | readonly [number, number]
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** [height, width] of a window in pixels. One number means a square. Default: 2. */
  readonly poolSize?: number | readonly [number, number]
} | {
  readonly kind: "averagePooling2d"
  /**
   * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
   * valid.
   */
  readonly padding?: "valid" | "same"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** Distance between windows. Default: the pool size. */
  readonly strides?: number | readonly [number, number]
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** [height, width] of a window in pixels. One number means a square. Default: 2. */
  readonly poolSize?: number | readonly [number, number]
} | {
  readonly kind: "globalAveragePooling2d"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "globalMaxPooling2d"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "zeroPadding2d"
  /**
   * Rows and columns to add: [[above, below], [left, right]], or [above and below, left and right], or one number for all four.
   * Default: 1.
   */
  readonly padding?: number | readonly [number, number] | readonly [readonly [number, number], readonly [number, number]]
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "upSampling2d"
  /**
   * `nearest` repeats pixels, `bilinear` interpolates between them without half-pixel centers, as TensorFlow.js does. Keras has
   * half-pixel centers and gives other values. Default: nearest.
   */
  readonly interpolation?: "bilinear" | "nearest"
  /** How many times as high and as wide: [height, width], or one number for both. Default: 2. */
  readonly size?: number | readonly [number, number]
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "flatten"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "dense"
  /** Outputs. */
  readonly units: number
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** Initial kernel. Default: glorotUniform. */
  readonly kernelInitializer?: InitializerInput
  /** Penalty on the kernel. Default: none. */
  readonly kernelRegularizer?: RegularizerInput
  /** Whether to add a bias. Default: true. */
  readonly useBias?: boolean
  /** Initial bias. Default: zeros. */
  readonly biasInitializer?: InitializerInput
  /** Applied to the output. Default: linear. */
  readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "dropout"
  /** Share of the values to drop, at least 0 and below 1. */
  readonly rate: number
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "spatialDropout2d"
  /** Share of the channels to drop, at least 0 and below 1. */
  readonly rate: number
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "batchNormalization"
  /** Whether to learn a factor. Default: true. */
  readonly scale?: boolean
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Share of the moving statistics that an update keeps. Default: 0.99. */
  readonly momentum?: number
  /** Added to the variance. Default: 0.001. */
  readonly epsilon?: number
  /** Whether to learn an offset. Default: true. */
  readonly center?: boolean
} | {
  readonly kind: "layerNormalization"
  /** Whether to learn a factor. Default: true. */
  readonly scale?: boolean
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Added to the variance. Default: 0.001. */
  readonly epsilon?: number
  /** Whether to learn an offset. Default: true. */
  readonly center?: boolean
} | {
  readonly kind: "groupNormalization"
  /** Whether to learn a factor. Default: true. */
  readonly scale?: boolean
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Added to the variance. Default: 0.001. */
  readonly epsilon?: number
  /** Whether to learn an offset. Default: true. */
  readonly center?: boolean
  /** Groups of channels, a divisor of their number. -1 means that each channel is a group. Default: 32. */
  readonly groups?: number
} | {
  readonly kind: "embedding"
  /** Levels: equal parts of the range of pixel values, from 2 to 256. 256 are the pixel values themselves. */
  readonly inputDim: number
  /** Values of the vector of a level. */
  readonly outputDim: number
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Initial vectors. Default: randomUniform. */
  readonly embeddingsInitializer?: InitializerInput
  /** Penalty on the vectors. Default: none. */
  readonly embeddingsRegularizer?: RegularizerInput
} | {
  readonly kind: "positionEmbedding"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Initial values. Default: truncatedNormal with stddev 0.02. */
  readonly embeddingsInitializer?: InitializerInput
  /** Penalty on the values. Default: none. */
  readonly embeddingsRegularizer?: RegularizerInput
} | {
  readonly kind: "multiHeadAttention"
  /** Attention heads. */
  readonly numHeads: number
  /** Size of each head for query and key. */
  readonly keyDim: number
  readonly name?: string
  /** Initial kernel. Default: glorotUniform. */
  readonly kernelInitializer?: InitializerInput
  /** Penalty on the kernel. Default: none. */
  readonly kernelRegularizer?: RegularizerInput
  /** Whether to add a bias. Default: true. */
  readonly useBias?: boolean
  /** Initial bias. Default: zeros. */
  readonly biasInitializer?: InitializerInput
  /**
   * The earlier layers to read, by their names, or "images": the query, then the value, then the key. Without a key it is the
   * value, without a value it is the query. Default: the previous layer.
   */
  readonly inputs?: ReadonlyArray<string>
  /** Share of the attention scores to drop in training, at least 0 and below 1. Default: 0. */
  readonly dropout?: number
  /** Size of each head for value. Default: keyDim. */
  readonly valueDim?: number
} | {
  readonly kind: "activation"
  readonly activation: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "leakyReLU"
  /** Slope below 0. Default: 0.3. */
  readonly alpha?: number
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
} | {
  readonly kind: "prelu"
  /**
   * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
   * `conv2d_1`.
   */
  readonly name?: string
  /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
  /** Initial slope below 0. Default: zeros. */
  readonly alphaInitializer?: InitializerInput
  /** Axes along which one slope is shared: 1 is height, 2 width, 3 channels. Default: none, so each element has a slope. */
  readonly sharedAxes?: ReadonlyArray<number>
} | {
  readonly kind: "add"
  /** Two or more earlier layers to join, by their names, or "images". */
  readonly inputs: ReadonlyArray<string>
  readonly name?: string
} | {
  readonly kind: "concatenate"
  /** Two or more earlier layers to join, by their names, or "images". */
  readonly inputs: ReadonlyArray<string>
  readonly name?: string
} | {
  readonly kind: "custom"
  /** The module, relative to the experiment file. */
  readonly module: string
  /** The name under which the module exports the function. */
  readonly export: string
  /** Plain values, which the function's own schema decodes. Default: none. */
  readonly options?: {
    readonly [key: string]: unknown
  }
  readonly name?: string
  /** The earlier layers to read, by their names, or "images". Default: the previous layer. */
  readonly inputs?: ReadonlyArray<string>
}

/** One of `learningRates`. */
export type LearningRateInput = {
  readonly kind: "constant"
  /** The learning rate. */
  readonly value: number
  /** Iterations of linear warm-up from 0. Default: 0. */
  readonly warmup?: number
} | {
  readonly kind: "step"
  /** The first learning rate. */
  readonly value: number
  /** Multiplies the learning rate every `every` iterations. */
  readonly factor: number
  /** Iterations between two changes. */
  readonly every: number
  /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
  readonly warmup?: number
} | {
  readonly kind: "cosine"
  /** The first learning rate. */
  readonly value: number
  /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
  readonly warmup?: number
  /** The learning rate at the end of the budget. Default: 0. */
  readonly final?: number
} | {
  readonly kind: "oneCycle"
  /** The highest learning rate. */
  readonly peak: number
  /** Share of the budget before the peak. Default: 0.3. */
  readonly rise?: number
  /** The first learning rate is peak / divisor. Default: 25. */
  readonly divisor?: number
  /** The last learning rate is peak / finalDivisor. Default: 250,000. */
  readonly finalDivisor?: number
} | {
  readonly kind: "custom"
  /** The module, relative to the experiment file. */
  readonly module: string
  /** The name under which the module exports the function. */
  readonly export: string
  /** Plain values, which the function's own schema decodes. Default: none. */
  readonly options?: {
    readonly [key: string]: unknown
  }
}

/** One of `optimizers`. */
export type OptimizerInput = {
  readonly kind: "adam"
  /** A schedule, or a number for a constant learning rate. */
  readonly learningRate: number | {
    readonly kind: "constant"
    /** The learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "step"
    /** The first learning rate. */
    readonly value: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "cosine"
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
  } | {
    readonly kind: "oneCycle"
    /** The highest learning rate. */
    readonly peak: number
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
  } | {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** Added to the denominator. Default: 1e-8. */
  readonly epsilon?: number
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: number
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: number
  /** Gradient clipping. Default: none. */
  readonly clip?: {
    /** Limits each element of the gradients to ± this value. */
    readonly value: number
  } | {
    /** Limits the norm of the gradient of each variable. */
    readonly norm: number
  } | {
    /** Limits the norm of all gradients together. */
    readonly globalNorm: number
  }
} | {
  readonly kind: "adamw"
  /** A schedule, or a number for a constant learning rate. */
  readonly learningRate: number | {
    readonly kind: "constant"
    /** The learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "step"
    /** The first learning rate. */
    readonly value: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "cosine"
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
  } | {
    readonly kind: "oneCycle"
    /** The highest learning rate. */
    readonly peak: number
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
  } | {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** Added to the denominator. Default: 1e-8. */
  readonly epsilon?: number
  /** Decay of the first moment. Default: 0.9. */
  readonly beta1?: number
  /** Decay of the second moment. Default: 0.999. */
  readonly beta2?: number
  /** Gradient clipping. Default: none. */
  readonly clip?: {
    /** Limits each element of the gradients to ± this value. */
    readonly value: number
  } | {
    /** Limits the norm of the gradient of each variable. */
    readonly norm: number
  } | {
    /** Limits the norm of all gradients together. */
    readonly globalNorm: number
  }
  /**
   * Each update shrinks kernels by the share learning rate · weightDecay; biases and normalization do not shrink.
   * Default: 0.01.
   */
  readonly weightDecay?: number
} | {
  readonly kind: "sgd"
  /** A schedule, or a number for a constant learning rate. */
  readonly learningRate: number | {
    readonly kind: "constant"
    /** The learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "step"
    /** The first learning rate. */
    readonly value: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "cosine"
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
  } | {
    readonly kind: "oneCycle"
    /** The highest learning rate. */
    readonly peak: number
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
  } | {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** Gradient clipping. Default: none. */
  readonly clip?: {
    /** Limits each element of the gradients to ± this value. */
    readonly value: number
  } | {
    /** Limits the norm of the gradient of each variable. */
    readonly norm: number
  } | {
    /** Limits the norm of all gradients together. */
    readonly globalNorm: number
  }
} | {
  readonly kind: "momentum"
  /** A schedule, or a number for a constant learning rate. */
  readonly learningRate: number | {
    readonly kind: "constant"
    /** The learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "step"
    /** The first learning rate. */
    readonly value: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "cosine"
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
  } | {
    readonly kind: "oneCycle"
    /** The highest learning rate. */
    readonly peak: number
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
  } | {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** Share of the velocity that an update keeps. Default: 0.9. */
  readonly momentum?: number
  /** Gradient clipping. Default: none. */
  readonly clip?: {
    /** Limits each element of the gradients to ± this value. */
    readonly value: number
  } | {
    /** Limits the norm of the gradient of each variable. */
    readonly norm: number
  } | {
    /** Limits the norm of all gradients together. */
    readonly globalNorm: number
  }
  /** Nesterov's variant. Default: false. */
  readonly nesterov?: boolean
} | {
  readonly kind: "rmsprop"
  /** A schedule, or a number for a constant learning rate. */
  readonly learningRate: number | {
    readonly kind: "constant"
    /** The learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "step"
    /** The first learning rate. */
    readonly value: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
  } | {
    readonly kind: "cosine"
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
  } | {
    readonly kind: "oneCycle"
    /** The highest learning rate. */
    readonly peak: number
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
  } | {
    readonly kind: "custom"
    /** The module, relative to the experiment file. */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. Default: none. */
    readonly options?: {
      readonly [key: string]: unknown
    }
  }
  /** Share of the velocity that an update keeps. Default: 0. */
  readonly momentum?: number
  /** Added to the mean square. Default: 1e-7. */
  readonly epsilon?: number
  /** Gradient clipping. Default: none. */
  readonly clip?: {
    /** Limits each element of the gradients to ± this value. */
    readonly value: number
  } | {
    /** Limits the norm of the gradient of each variable. */
    readonly norm: number
  } | {
    /** Limits the norm of all gradients together. */
    readonly globalNorm: number
  }
  /** Decay of the mean square. Default: 0.9. */
  readonly decay?: number
}

/** One of `regularizers`. */
export interface RegularizerInput {
  /** Factor of the absolute values. Default: 0. */
  readonly l1?: number
  /** Factor of the squares. Default: 0. */
  readonly l2?: number
}

/** A schedule file, as a user writes it. */
export interface ScheduleInput {
  readonly experiments: readonly [{
    /** The experiment file; a relative path starts at the working directory. */
    readonly file: string
    /**
     * Minute, hour, day, month, weekday (optionally seconds first), in `timezone`. If a change to daylight saving time
     * skips a scheduled time, the run starts an hour later. If the change back repeats a scheduled time, it starts
     * once, unless it is one of an interval: a `*` in the seconds, minutes or hours, or every hour.
     */
    readonly cron: string
    /** Seed instead of the experiment's; not together with `seedPolicy: "by-date"`. */
    readonly seed?: number
    readonly iterations?: number
    /** Such as Europe/Prague. */
    readonly timezone?: string
    /** `fixed`: the same seed in every run. `by-date`: the run's date in its time zone, such as 20261122. */
    readonly seedPolicy?: "fixed" | "by-date"
    /** `onnx-gpu`, `tensorflow-gpu`: that engine on a GPU. `auto-gpu`: a GPU if it is right and faster. */
    readonly engine?: "auto" | "tensorflow" | "onnx" | "reference" | "onnx-gpu" | "tensorflow-gpu" | "auto-gpu"
    readonly threads?: number
    /** What to do when the previous run is still running: skip this one, or queue it (at most one is queued). */
    readonly overlap?: "skip" | "queue"
    /** What to do about scheduled times at which the schedule was not running: nothing, or run the latest of them late. */
    readonly catchUp?: "none" | "latest"
    /** A run that takes longer is stopped with a checkpoint; the next scheduled run resumes it. */
    readonly timeLimitMinutes?: number
    /**
     * Retries when the data is unavailable, another process holds the run, or its process crashed; each pause is twice
     * the last.
     */
    readonly retries?: {
      readonly times?: number
      readonly pauseSeconds?: number
    }
    /** How many runs to keep, in addition to the champion and the previous champion (default: all). */
    readonly keep?: number
  }, {
    /** The experiment file; a relative path starts at the working directory. */
    readonly file: string
    /**
     * Minute, hour, day, month, weekday (optionally seconds first), in `timezone`. If a change to daylight saving time
     * skips a scheduled time, the run starts an hour later. If the change back repeats a scheduled time, it starts
     * once, unless it is one of an interval: a `*` in the seconds, minutes or hours, or every hour.
     */
    readonly cron: string
    /** Seed instead of the experiment's; not together with `seedPolicy: "by-date"`. */
    readonly seed?: number
    readonly iterations?: number
    /** Such as Europe/Prague. */
    readonly timezone?: string
    /** `fixed`: the same seed in every run. `by-date`: the run's date in its time zone, such as 20261122. */
    readonly seedPolicy?: "fixed" | "by-date"
    /** `onnx-gpu`, `tensorflow-gpu`: that engine on a GPU. `auto-gpu`: a GPU if it is right and faster. */
    readonly engine?: "auto" | "tensorflow" | "onnx" | "reference" | "onnx-gpu" | "tensorflow-gpu" | "auto-gpu"
    readonly threads?: number
    /** What to do when the previous run is still running: skip this one, or queue it (at most one is queued). */
    readonly overlap?: "skip" | "queue"
    /** What to do about scheduled times at which the schedule was not running: nothing, or run the latest of them late. */
    readonly catchUp?: "none" | "latest"
    /** A run that takes longer is stopped with a checkpoint; the next scheduled run resumes it. */
    readonly timeLimitMinutes?: number
    /**
     * Retries when the data is unavailable, another process holds the run, or its process crashed; each pause is twice
     * the last.
     */
    readonly retries?: {
      readonly times?: number
      readonly pauseSeconds?: number
    }
    /** How many runs to keep, in addition to the champion and the previous champion (default: all). */
    readonly keep?: number
  }]
  readonly webhook?: {
    /** Receives a POST with the result of each scheduled run, a line of `schedule.ndjson`. */
    readonly url: string
    readonly retries?: number
    readonly timeoutSeconds?: number
  }
}

/** A sweep as a user writes it. */
export type SweepInput = {
  /** At most 64 lower-case letters, digits and -. */
  readonly name: string
  /** Free text. Default: empty. */
  readonly description?: string
  /** Determines which trials are drawn. Default: 0. */
  readonly seed?: number
  /** Number of trials. A grid and Hyperband have a number of their own. */
  readonly trials?: number
  /**
   * What is searched for: the lowest `validationError` or `validationLoss`, or the best value of a metric of the base by its name,
   * such as `{ metric: "macroF1", mode: "max" }`. Default: validationError.
   */
  readonly objective?: "validationLoss" | {
    /** A name in `metrics`. */
    readonly metric: string
    /** Whether more of it is better, or less. Default: max. */
    readonly mode?: "max" | "min"
  } | "validationError"
  /** Seeds of each trial: the objective is the mean over them. Default: 1. */
  readonly seeds?: number
  /** How the best trials are trained again before one is called the winner. */
  readonly retrain?: {
    /** Fresh seeds, with which each of them and the base is trained. Default: 5. */
    readonly seeds?: number
    /** How many of the best trials are trained again. Default: 3. */
    readonly top?: number
  }
  /** How trials are chosen and pruned. */
  readonly strategy: {
    readonly kind: "grid"
    /** Values of a continuous parameter, evenly spaced with both limits. Default: none, so all parameters are discrete. */
    readonly points?: number
  } | {
    readonly kind: "random"
  } | {
    readonly kind: "quasiRandom"
  } | {
    readonly kind: "halving"
    /** At each barrier, one trial of so many is promoted, and trained to so many times its iterations. Default: 3. */
    readonly factor?: number
    /** Barriers, the end of the budget included. Default: 3. */
    readonly rungs?: number
    /** How trials are drawn. Default: quasiRandom. */
    readonly from?: "random" | "quasiRandom"
  } | {
    readonly kind: "hyperband"
    /** As in halving. Default: 3. */
    readonly factor?: number
    /** Barriers of the bracket that prunes most. Default: 3. */
    readonly rungs?: number
    /** How trials are drawn. Default: quasiRandom. */
    readonly from?: "random" | "quasiRandom"
  } | {
    readonly kind: "tpe"
    /** Trials that are drawn at random first. Default: 10. */
    readonly startup?: number
    /** Trials that are proposed together, from the results of all earlier batches. Default: 5. */
    readonly batch?: number
  }
  readonly base: ExperimentInput
  readonly space: SpaceInput
}

/** Augmentation of your own. */
export declare const augment: {
  /** By its module and export: see own code. `D`: the type of its definition. */
  readonly custom: <D extends {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  } = {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  }>(given: OwnReference<D>) => {
    readonly options?: {
      readonly [key: string]: unknown
    }
    readonly kind: "custom"
    readonly module: string
    readonly export: string
  }
}

/** One of several values. An option may be any part of an experiment, with parameters of its own in it. */
export declare function choice<const Options extends ReadonlyArray<unknown>>(...options: Options): Parameter<Drawn<Options[number]>>

/** Datasets of your own. They are plain values, which are checked when the experiment is run. */
export declare const datasets: {
  /** One folder for each class: `train/cat/1.jpg`. */
  readonly folder: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string
    /** A folder that has one folder for each class. */
    readonly train: string
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string
    /** A folder that has one folder for each class. */
    readonly train: string
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly kind: "folder"
  }
  /** A CSV or JSON Lines file with the path and the label of each image. */
  readonly manifest: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** The folder where the paths of images start. Default: the folder of the manifest. */
    readonly folder?: string
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set, if the manifest has no column that says the split. */
    readonly test?: string
    /** A CSV file with a header, or JSON Lines. */
    readonly train: string
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** Text after each path, such as ".png" if the manifest has names without it. Default: none. */
    readonly suffix?: string
    /** The names of the columns. Default: path, label, split and group. */
    readonly columns?: {
      readonly path?: string
      readonly label?: string
      /** Its values are train and test. The column may be absent. */
      readonly split?: string
      /** What must stay in one split: a patient, a scene, a writer. The column may be absent. */
      readonly group?: string
    }
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** The folder where the paths of images start. Default: the folder of the manifest. */
    readonly folder?: string
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set, if the manifest has no column that says the split. */
    readonly test?: string
    /** A CSV file with a header, or JSON Lines. */
    readonly train: string
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** Text after each path, such as ".png" if the manifest has names without it. Default: none. */
    readonly suffix?: string
    /** The names of the columns. Default: path, label, split and group. */
    readonly columns?: {
      readonly path?: string
      readonly label?: string
      /** Its values are train and test. The column may be absent. */
      readonly split?: string
      /** What must stay in one split: a patient, a scene, a writer. The column may be absent. */
      readonly group?: string
    }
    readonly kind: "manifest"
  }
  /** One NPZ file with images and labels, such as Keras's mnist.npz. */
  readonly npz: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The names of the arrays. Default: those of Keras. If the file has no test arrays, the split must take test examples. */
    readonly arrays?: {
      readonly trainImages?: string
      readonly trainLabels?: string
      readonly testImages?: string
      readonly testLabels?: string
    }
    /** A file of `numpy.savez` or `numpy.savez_compressed`. */
    readonly file: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The names of the arrays. Default: those of Keras. If the file has no test arrays, the split must take test examples. */
    readonly arrays?: {
      readonly trainImages?: string
      readonly trainLabels?: string
      readonly testImages?: string
      readonly testLabels?: string
    }
    /** A file of `numpy.savez` or `numpy.savez_compressed`. */
    readonly file: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly kind: "npz"
  }
  /** NPY files with images and labels. */
  readonly npy: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    readonly trainImages: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly trainLabels: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly testImages?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly testLabels?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    readonly trainImages: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly trainLabels: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly testImages?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly testLabels?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    readonly kind: "npy"
  }
  /** The binary files of CIFAR-10 or CIFAR-100. */
  readonly cifar: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** The folder with the files of the archive. */
    readonly folder: string
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** `10`, or for CIFAR-100 `100` (fine labels) or `20` (coarse labels). */
    readonly labels: 10 | 20 | 100
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** The folder with the files of the archive. */
    readonly folder: string
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** `10`, or for CIFAR-100 `100` (fine labels) or `20` (coarse labels). */
    readonly labels: 10 | 20 | 100
    readonly kind: "cifar"
  }
  /** The tar files of a WebDataset. */
  readonly webdataset: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** One or several shards, in this order. `{000..009}` in a path stands for ten. */
    readonly train: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The extension of labels: a text file with the name of the class, or its place in the list of classes. Default: cls. */
    readonly label?: string
    /** The extensions of images; the first one that an example has counts. Default: png, jpg, jpeg, webp. */
    readonly images?: ReadonlyArray<string>
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** One or several shards, in this order. `{000..009}` in a path stands for ten. */
    readonly train: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The extension of labels: a text file with the name of the class, or its place in the list of classes. Default: cls. */
    readonly label?: string
    /** The extensions of images; the first one that an example has counts. Default: png, jpg, jpeg, webp. */
    readonly images?: ReadonlyArray<string>
    readonly kind: "webdataset"
  }
  /** Parquet files of Hugging Face's `datasets`. */
  readonly parquet: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** One or several files, in this order. `{000..009}` in a path stands for ten. */
    readonly train: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The names of the columns. Default: image and label. */
    readonly columns?: {
      /** Whole numbers, whose names may be in the metadata of the file, or names. */
      readonly label?: string
      /** Images: `{ bytes, path }` each, or bytes. */
      readonly image?: string
    }
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /**
     * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
     * `stretch`: scale width and height separately. Default: images of another size are refused.
     */
    readonly fit?: "cover" | "pad" | "stretch"
    /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
    readonly background?: readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** One or several files, in this order. `{000..009}` in a path stands for ten. */
    readonly train: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** What to do with files that cannot be decoded or are no images. Default: refuse. */
    readonly damaged?: "refuse" | "exclude"
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The names of the columns. Default: image and label. */
    readonly columns?: {
      /** Whole numbers, whose names may be in the metadata of the file, or names. */
      readonly label?: string
      /** Images: `{ bytes, path }` each, or bytes. */
      readonly image?: string
    }
    readonly kind: "parquet"
  }
  /** CSV tables of pixels. */
  readonly table: (options: {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** One or several CSV files, plain or gzip, in this order. */
    readonly train: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The column of the label: its name, or its place from 0, or from the end: -1 is the last one. Default: label. */
    readonly label?: string | number
    /** Whether the first row names the columns. Default: true. */
    readonly header?: boolean
    /** The number of a white pixel, at most 65535; 0 is black. Others are scaled to whole numbers from 0 to 255. Default: 255. */
    readonly brightest?: number
  }) => {
    /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
    readonly bounds?: {
      /** Number of training examples. */
      readonly trainExamples?: readonly [number, number]
      /** Number of test examples. */
      readonly testExamples?: readonly [number, number]
      /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
      readonly classShare?: readonly [number, number] | {
        readonly [key: string]: readonly [number, number]
      }
      /** Mean of all pixels of each set, on the scale 0 to 1. */
      readonly pixelMean?: readonly [number, number]
      /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
      readonly pixelStddev?: readonly [number, number]
    }
    /** At most 64 lower-case letters, digits and -. */
    readonly name: string
    /**
     * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
     * if all names are numbers, else by code point.
     */
    readonly classes: number | ReadonlyArray<string>
    /** [height, width] or [height, width, channels] of the images in training. */
    readonly imageShape: readonly [number, number] | readonly [number, number, number]
    /** The same for the test set. Default: none; then the split must take test examples from all. */
    readonly test?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** One or several CSV files, plain or gzip, in this order. */
    readonly train: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    } | ReadonlyArray<string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }>
    /** How many equal images are allowed in several splits or with several labels. */
    readonly allow?: {
      /** Images that may be in several splits. Default: 0. */
      readonly duplicates?: number
      /** Images that may have several labels. Default: 0. */
      readonly conflicts?: number
    }
    /**
     * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
     * none.
     */
    readonly archive?: string | {
      /** A path, relative to the working folder, or an http(s) or file URL. */
      readonly source: string
      /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
      readonly sha256?: string
    }
    /** The column of the label: its name, or its place from 0, or from the end: -1 is the last one. Default: label. */
    readonly label?: string | number
    /** Whether the first row names the columns. Default: true. */
    readonly header?: boolean
    /** The number of a white pixel, at most 65535; 0 is black. Others are scaled to whole numbers from 0 to 255. Default: 255. */
    readonly brightest?: number
    readonly kind: "table"
  }
}

/** Types an ensemble file; the value is checked when the file is run. */
export declare function ensemble(input: EnsembleInput): EnsembleInput

/** Types the default export of an experiment file. The value is checked when the experiment is run. */
export declare function experiment(input: ExperimentInput): ExperimentInput

/** Initial weights, such as `initializers.heNormal` or `initializers.truncatedNormal({ stddev: 0.1 })`. */
export declare const initializers: {
  readonly zeros: {
    readonly kind: "zeros"
  }
  readonly ones: {
    readonly kind: "ones"
  }
  /** The same value for every weight. */
  readonly constant: (value: number) => {
    readonly kind: "constant"
    readonly value: number
  }
  /** Normal, with draws beyond two standard deviations replaced. Defaults: mean 0, stddev 0.05. */
  readonly truncatedNormal: (options?: {
    readonly mean?: number
    readonly stddev?: number
  }) => {
    readonly mean?: number
    readonly stddev?: number
    readonly kind: "truncatedNormal"
  }
  /** Normal. Defaults: mean 0, stddev 0.05. */
  readonly randomNormal: (options?: {
    readonly mean?: number
    readonly stddev?: number
  }) => {
    readonly mean?: number
    readonly stddev?: number
    readonly kind: "randomNormal"
  }
  /** Uniform from minval to maxval. Defaults: -0.05 and 0.05. */
  readonly randomUniform: (options?: {
    readonly minval?: number
    readonly maxval?: number
  }) => {
    readonly minval?: number
    readonly maxval?: number
    readonly kind: "randomUniform"
  }
  /** Uniform with variance 2 / (fan in + fan out): Glorot and Bengio (2010). */
  readonly glorotUniform: {
    readonly kind: "glorotUniform"
  }
  /** Truncated normal with variance 2 / (fan in + fan out): Glorot and Bengio (2010). */
  readonly glorotNormal: {
    readonly kind: "glorotNormal"
  }
  /** Uniform with variance 2 / fan in: He et al. (2015). */
  readonly heUniform: {
    readonly kind: "heUniform"
  }
  /** Truncated normal with variance 2 / fan in: He et al. (2015). */
  readonly heNormal: {
    readonly kind: "heNormal"
  }
}

/** A whole number between two limits, both included. */
export declare function integer(low: number, high: number): Parameter<number>

/**
 * The layers of a model, by their names in `tf.layers`. They are plain values, which are checked when the experiment
 * is run.
 */
export declare const layers: {
  /** Convolution: [height, width, channels] -> [height', width', filters]. */
  readonly conv2d: (options: {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows: [vertical, horizontal], or one number for both. Default: 1. */
    readonly strides?: number | readonly [number, number]
    /** Initial kernel. Default: glorotUniform. */
    readonly kernelInitializer?: InitializerInput
    /** Penalty on the kernel. Default: none. */
    readonly kernelRegularizer?: RegularizerInput
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** [height, width] of a filter in pixels. One number means a square. */
    readonly kernelSize: number | readonly [number, number]
    /** Output channels. */
    readonly filters: number
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows: [vertical, horizontal], or one number for both. Default: 1. */
    readonly strides?: number | readonly [number, number]
    /** Initial kernel. Default: glorotUniform. */
    readonly kernelInitializer?: InitializerInput
    /** Penalty on the kernel. Default: none. */
    readonly kernelRegularizer?: RegularizerInput
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** [height, width] of a filter in pixels. One number means a square. */
    readonly kernelSize: number | readonly [number, number]
    /** Output channels. */
    readonly filters: number
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "conv2d"
  }
  /** Convolution of each channel separately: [height, width, channels] -> [height', width', channels · depthMultiplier]. */
  readonly depthwiseConv2d: (options: {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows, the same vertically and horizontally. Default: 1. */
    readonly strides?: number | readonly [number, number]
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** [height, width] of a filter in pixels. One number means a square. */
    readonly kernelSize: number | readonly [number, number]
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Filters for each input channel. Default: 1. */
    readonly depthMultiplier?: number
    /** Initial depthwise kernel. Default: glorotUniform. */
    readonly depthwiseInitializer?: InitializerInput
    /** Penalty on the depthwise kernel. Default: none. */
    readonly depthwiseRegularizer?: RegularizerInput
  }) => {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows, the same vertically and horizontally. Default: 1. */
    readonly strides?: number | readonly [number, number]
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** [height, width] of a filter in pixels. One number means a square. */
    readonly kernelSize: number | readonly [number, number]
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Filters for each input channel. Default: 1. */
    readonly depthMultiplier?: number
    /** Initial depthwise kernel. Default: glorotUniform. */
    readonly depthwiseInitializer?: InitializerInput
    /** Penalty on the depthwise kernel. Default: none. */
    readonly depthwiseRegularizer?: RegularizerInput
    readonly kind: "depthwiseConv2d"
  }
  /** Depthwise convolution, then a 1×1 convolution: [height, width, channels] -> [height', width', filters]. */
  readonly separableConv2d: (options: {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows, the same vertically and horizontally. Default: 1. */
    readonly strides?: number | readonly [number, number]
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** [height, width] of a filter in pixels. One number means a square. */
    readonly kernelSize: number | readonly [number, number]
    /** Output channels. */
    readonly filters: number
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Filters for each input channel. Default: 1. */
    readonly depthMultiplier?: number
    /** Initial depthwise kernel. Default: glorotUniform. */
    readonly depthwiseInitializer?: InitializerInput
    /** Penalty on the depthwise kernel. Default: none. */
    readonly depthwiseRegularizer?: RegularizerInput
    /** Initial kernel of the 1×1 convolution. Default: glorotUniform. */
    readonly pointwiseInitializer?: InitializerInput
    /** Penalty on the kernel of the 1×1 convolution. Default: none. */
    readonly pointwiseRegularizer?: RegularizerInput
  }) => {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows, the same vertically and horizontally. Default: 1. */
    readonly strides?: number | readonly [number, number]
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** [height, width] of a filter in pixels. One number means a square. */
    readonly kernelSize: number | readonly [number, number]
    /** Output channels. */
    readonly filters: number
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Filters for each input channel. Default: 1. */
    readonly depthMultiplier?: number
    /** Initial depthwise kernel. Default: glorotUniform. */
    readonly depthwiseInitializer?: InitializerInput
    /** Penalty on the depthwise kernel. Default: none. */
    readonly depthwiseRegularizer?: RegularizerInput
    /** Initial kernel of the 1×1 convolution. Default: glorotUniform. */
    readonly pointwiseInitializer?: InitializerInput
    /** Penalty on the kernel of the 1×1 convolution. Default: none. */
    readonly pointwiseRegularizer?: RegularizerInput
    readonly kind: "separableConv2d"
  }
  /** Maximum of each window: [height, width, channels] -> [height', width', channels]. */
  readonly maxPooling2d: (options?: {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows. Default: the pool size. */
    readonly strides?: number | readonly [number, number]
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** [height, width] of a window in pixels. One number means a square. Default: 2. */
    readonly poolSize?: number | readonly [number, number]
  }) => {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows. Default: the pool size. */
    readonly strides?: number | readonly [number, number]
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** [height, width] of a window in pixels. One number means a square. Default: 2. */
    readonly poolSize?: number | readonly [number, number]
    readonly kind: "maxPooling2d"
  }
  /** Mean of each window: [height, width, channels] -> [height', width', channels]. */
  readonly averagePooling2d: (options?: {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows. Default: the pool size. */
    readonly strides?: number | readonly [number, number]
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** [height, width] of a window in pixels. One number means a square. Default: 2. */
    readonly poolSize?: number | readonly [number, number]
  }) => {
    /**
     * `valid`: windows lie inside the image. `same`: the output size is the input size divided by the stride. Default:
     * valid.
     */
    readonly padding?: "valid" | "same"
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Distance between windows. Default: the pool size. */
    readonly strides?: number | readonly [number, number]
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** [height, width] of a window in pixels. One number means a square. Default: 2. */
    readonly poolSize?: number | readonly [number, number]
    readonly kind: "averagePooling2d"
  }
  /** Mean of each channel: [height, width, channels] -> [channels]. */
  readonly globalAveragePooling2d: (options?: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "globalAveragePooling2d"
  }
  /** Maximum of each channel: [height, width, channels] -> [channels]. */
  readonly globalMaxPooling2d: (options?: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "globalMaxPooling2d"
  }
  /** Adds zeros around images: [height, width, channels] -> [height + rows, width + columns, channels]. */
  readonly zeroPadding2d: (options?: {
    /**
     * Rows and columns to add: [[above, below], [left, right]], or [above and below, left and right], or one number for all four.
     * Default: 1.
     */
    readonly padding?: number | readonly [number, number] | readonly [readonly [number, number], readonly [number, number]]
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * Rows and columns to add: [[above, below], [left, right]], or [above and below, left and right], or one number for all four.
     * Default: 1.
     */
    readonly padding?: number | readonly [number, number] | readonly [readonly [number, number], readonly [number, number]]
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "zeroPadding2d"
  }
  /** Enlarges images: [height, width, channels] -> [height · size, width · size, channels]. */
  readonly upSampling2d: (options?: {
    /**
     * `nearest` repeats pixels, `bilinear` interpolates between them without half-pixel centers, as TensorFlow.js does. Keras has
     * half-pixel centers and gives other values. Default: nearest.
     */
    readonly interpolation?: "bilinear" | "nearest"
    /** How many times as high and as wide: [height, width], or one number for both. Default: 2. */
    readonly size?: number | readonly [number, number]
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * `nearest` repeats pixels, `bilinear` interpolates between them without half-pixel centers, as TensorFlow.js does. Keras has
     * half-pixel centers and gives other values. Default: nearest.
     */
    readonly interpolation?: "bilinear" | "nearest"
    /** How many times as high and as wide: [height, width], or one number for both. Default: 2. */
    readonly size?: number | readonly [number, number]
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "upSampling2d"
  }
  /** The same values as a vector: [height, width, channels] -> [height · width · channels]. */
  readonly flatten: (options?: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "flatten"
  }
  /** Fully connected layer: [inputs] -> [units]. */
  readonly dense: (options: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Initial kernel. Default: glorotUniform. */
    readonly kernelInitializer?: InitializerInput
    /** Penalty on the kernel. Default: none. */
    readonly kernelRegularizer?: RegularizerInput
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Outputs. */
    readonly units: number
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** Initial kernel. Default: glorotUniform. */
    readonly kernelInitializer?: InitializerInput
    /** Penalty on the kernel. Default: none. */
    readonly kernelRegularizer?: RegularizerInput
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /** Applied to the output. Default: linear. */
    readonly activation?: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Outputs. */
    readonly units: number
    readonly kind: "dense"
  }
  /** In training sets the share `rate` of the values to 0 and multiplies the others by 1 / (1 - rate). */
  readonly dropout: (options: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the values to drop, at least 0 and below 1. */
    readonly rate: number
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the values to drop, at least 0 and below 1. */
    readonly rate: number
    readonly kind: "dropout"
  }
  /** Dropout of whole channels of images. */
  readonly spatialDropout2d: (options: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the channels to drop, at least 0 and below 1. */
    readonly rate: number
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the channels to drop, at least 0 and below 1. */
    readonly rate: number
    readonly kind: "spatialDropout2d"
  }
  /** Normalizes over the batch, for each index of the last axis. In prediction uses moving statistics. */
  readonly batchNormalization: (options?: {
    /** Whether to learn a factor. Default: true. */
    readonly scale?: boolean
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the moving statistics that an update keeps. Default: 0.99. */
    readonly momentum?: number
    /** Added to the variance. Default: 0.001. */
    readonly epsilon?: number
    /** Whether to learn an offset. Default: true. */
    readonly center?: boolean
  }) => {
    /** Whether to learn a factor. Default: true. */
    readonly scale?: boolean
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the moving statistics that an update keeps. Default: 0.99. */
    readonly momentum?: number
    /** Added to the variance. Default: 0.001. */
    readonly epsilon?: number
    /** Whether to learn an offset. Default: true. */
    readonly center?: boolean
    readonly kind: "batchNormalization"
  }
  /** Normalizes each example over the last axis. */
  readonly layerNormalization: (options?: {
    /** Whether to learn a factor. Default: true. */
    readonly scale?: boolean
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Added to the variance. Default: 0.001. */
    readonly epsilon?: number
    /** Whether to learn an offset. Default: true. */
    readonly center?: boolean
  }) => {
    /** Whether to learn a factor. Default: true. */
    readonly scale?: boolean
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Added to the variance. Default: 0.001. */
    readonly epsilon?: number
    /** Whether to learn an offset. Default: true. */
    readonly center?: boolean
    readonly kind: "layerNormalization"
  }
  /** Normalizes each example over all positions and the channels of a group: Wu and He (2018). */
  readonly groupNormalization: (options?: {
    /** Whether to learn a factor. Default: true. */
    readonly scale?: boolean
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Added to the variance. Default: 0.001. */
    readonly epsilon?: number
    /** Whether to learn an offset. Default: true. */
    readonly center?: boolean
    /** Groups of channels, a divisor of their number. -1 means that each channel is a group. Default: 32. */
    readonly groups?: number
  }) => {
    /** Whether to learn a factor. Default: true. */
    readonly scale?: boolean
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Added to the variance. Default: 0.001. */
    readonly epsilon?: number
    /** Whether to learn an offset. Default: true. */
    readonly center?: boolean
    /** Groups of channels, a divisor of their number. -1 means that each channel is a group. Default: 32. */
    readonly groups?: number
    readonly kind: "groupNormalization"
  }
  /**
   * A learned vector for each level of the pixel values of the images: [height, width, channels] ->
   * [height, width, channels · outputDim].
   */
  readonly embedding: (options: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Initial vectors. Default: randomUniform. */
    readonly embeddingsInitializer?: InitializerInput
    /** Penalty on the vectors. Default: none. */
    readonly embeddingsRegularizer?: RegularizerInput
    /** Levels: equal parts of the range of pixel values, from 2 to 256. 256 are the pixel values themselves. */
    readonly inputDim: number
    /** Values of the vector of a level. */
    readonly outputDim: number
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Initial vectors. Default: randomUniform. */
    readonly embeddingsInitializer?: InitializerInput
    /** Penalty on the vectors. Default: none. */
    readonly embeddingsRegularizer?: RegularizerInput
    /** Levels: equal parts of the range of pixel values, from 2 to 256. 256 are the pixel values themselves. */
    readonly inputDim: number
    /** Values of the vector of a level. */
    readonly outputDim: number
    readonly kind: "embedding"
  }
  /** Adds a learned value to each element, such as to the tokens that attention reads. */
  readonly positionEmbedding: (options?: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Initial values. Default: truncatedNormal with stddev 0.02. */
    readonly embeddingsInitializer?: InitializerInput
    /** Penalty on the values. Default: none. */
    readonly embeddingsRegularizer?: RegularizerInput
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Initial values. Default: truncatedNormal with stddev 0.02. */
    readonly embeddingsInitializer?: InitializerInput
    /** Penalty on the values. Default: none. */
    readonly embeddingsRegularizer?: RegularizerInput
    readonly kind: "positionEmbedding"
  }
  /** Attention between all positions of images or of [positions, values], with several heads: Vaswani et al. (2017). */
  readonly multiHeadAttention: (options: {
    readonly name?: string
    /** Initial kernel. Default: glorotUniform. */
    readonly kernelInitializer?: InitializerInput
    /** Penalty on the kernel. Default: none. */
    readonly kernelRegularizer?: RegularizerInput
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /**
     * The earlier layers to read, by their names, or "images": the query, then the value, then the key. Without a key it is the
     * value, without a value it is the query. Default: the previous layer.
     */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the attention scores to drop in training, at least 0 and below 1. Default: 0. */
    readonly dropout?: number
    /** Size of each head for value. Default: keyDim. */
    readonly valueDim?: number
    /** Attention heads. */
    readonly numHeads: number
    /** Size of each head for query and key. */
    readonly keyDim: number
  }) => {
    readonly name?: string
    /** Initial kernel. Default: glorotUniform. */
    readonly kernelInitializer?: InitializerInput
    /** Penalty on the kernel. Default: none. */
    readonly kernelRegularizer?: RegularizerInput
    /** Whether to add a bias. Default: true. */
    readonly useBias?: boolean
    /** Initial bias. Default: zeros. */
    readonly biasInitializer?: InitializerInput
    /**
     * The earlier layers to read, by their names, or "images": the query, then the value, then the key. Without a key it is the
     * value, without a value it is the query. Default: the previous layer.
     */
    readonly inputs?: ReadonlyArray<string>
    /** Share of the attention scores to drop in training, at least 0 and below 1. Default: 0. */
    readonly dropout?: number
    /** Size of each head for value. Default: keyDim. */
    readonly valueDim?: number
    /** Attention heads. */
    readonly numHeads: number
    /** Size of each head for query and key. */
    readonly keyDim: number
    readonly kind: "multiHeadAttention"
  }
  /** An activation function. */
  readonly activation: (options: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    readonly activation: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    readonly activation: "linear" | "relu" | "sigmoid" | "tanh" | "softplus" | "elu" | "selu" | "gelu" | "swish"
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "activation"
  }
  /** x for x ≥ 0, alpha · x below. */
  readonly leakyReLU: (options?: {
    /** Slope below 0. Default: 0.3. */
    readonly alpha?: number
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
  }) => {
    /** Slope below 0. Default: 0.3. */
    readonly alpha?: number
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    readonly kind: "leakyReLU"
  }
  /** Sum of its inputs, which have the same shape. */
  readonly add: (options: {
    readonly name?: string
    /** Two or more earlier layers to join, by their names, or "images". */
    readonly inputs: ReadonlyArray<string>
  }) => {
    readonly name?: string
    /** Two or more earlier layers to join, by their names, or "images". */
    readonly inputs: ReadonlyArray<string>
    readonly kind: "add"
  }
  /** Joins its inputs along the last axis: the channels of images. */
  readonly concatenate: (options: {
    readonly name?: string
    /** Two or more earlier layers to join, by their names, or "images". */
    readonly inputs: ReadonlyArray<string>
  }) => {
    readonly name?: string
    /** Two or more earlier layers to join, by their names, or "images". */
    readonly inputs: ReadonlyArray<string>
    readonly kind: "concatenate"
  }
  /** x for x ≥ 0, a learned slope · x below. */
  readonly prelu: (options?: {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Initial slope below 0. Default: zeros. */
    readonly alphaInitializer?: InitializerInput
    /** Axes along which one slope is shared: 1 is height, 2 width, 3 channels. Default: none, so each element has a slope. */
    readonly sharedAxes?: ReadonlyArray<number>
  }) => {
    /**
     * A letter, then at most 63 letters, digits, _ or -. Default: the kind and its number in the network, such as
     * `conv2d_1`.
     */
    readonly name?: string
    /** One earlier layer to read, by its name, or "images". Default: the previous layer. */
    readonly inputs?: ReadonlyArray<string>
    /** Initial slope below 0. Default: zeros. */
    readonly alphaInitializer?: InitializerInput
    /** Axes along which one slope is shared: 1 is height, 2 width, 3 channels. Default: none, so each element has a slope. */
    readonly sharedAxes?: ReadonlyArray<number>
    readonly kind: "prelu"
  }
  /** A layer of your own, by its module and export: see own code. `D`: the type of its definition. */
  readonly custom: <D extends {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  } = {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  }>(given: {
    /** The module, relative to the experiment file, such as "./squeeze.ts". */
    readonly module: string
    /** The name under which the module exports the function. */
    readonly export: string
    /** Plain values, which the function's own schema decodes. */
    readonly options?: D["Options"]
    readonly name?: string
    readonly inputs?: ReadonlyArray<string>
  }) => {
    readonly inputs?: ReadonlyArray<string>
    readonly name?: string
    readonly options?: {
      readonly [key: string]: unknown
    }
    readonly kind: "custom"
    readonly module: string
    readonly export: string
  }
}

/** Learning rate schedules. */
export declare const learningRates: {
  /** The same learning rate for every iteration, after an optional warm-up. */
  readonly constant: (value: number, options?: {
    readonly warmup?: number
  }) => {
    readonly warmup?: number
    readonly kind: "constant"
    readonly value: number
  }
  /** Multiplied by `factor` every `every` iterations. */
  readonly step: (options: {
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
  }) => {
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** Multiplies the learning rate every `every` iterations. */
    readonly factor: number
    /** Iterations between two changes. */
    readonly every: number
    readonly kind: "step"
  }
  /** Half a cosine from `value` to `final` over the budget. A run with it cannot be extended. */
  readonly cosine: (options: {
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
  }) => {
    /** The first learning rate. */
    readonly value: number
    /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
    readonly warmup?: number
    /** The learning rate at the end of the budget. Default: 0. */
    readonly final?: number
    readonly kind: "cosine"
  }
  /**
   * Up from `peak / divisor` to `peak` and down to `peak / finalDivisor` over the budget, both along half a cosine:
   * Smith and Topin (2018), in the form of PyTorch. A run with it cannot be extended.
   */
  readonly oneCycle: (options: {
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
    /** The highest learning rate. */
    readonly peak: number
  }) => {
    /** Share of the budget before the peak. Default: 0.3. */
    readonly rise?: number
    /** The first learning rate is peak / divisor. Default: 25. */
    readonly divisor?: number
    /** The last learning rate is peak / finalDivisor. Default: 250,000. */
    readonly finalDivisor?: number
    /** The highest learning rate. */
    readonly peak: number
    readonly kind: "oneCycle"
  }
  /**
   * A schedule of your own, by its module and export: see own code. `D`: the type of its definition. A run with it cannot
   * be extended.
   */
  readonly custom: <D extends {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  } = {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  }>(given: OwnReference<D>) => {
    readonly options?: {
      readonly [key: string]: unknown
    }
    readonly kind: "custom"
    readonly module: string
    readonly export: string
  }
}

/** A value between two positive limits whose logarithm is uniform: for learning rates and penalties. */
export declare function logUniform(low: number, high: number): Parameter<number>

/** A loss of your own. */
export declare const losses: {
  /** By its module and export: see own code. `D`: the type of its definition. */
  readonly custom: <D extends {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  } = {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  }>(given: OwnReference<D>) => {
    readonly options?: {
      readonly [key: string]: unknown
    }
    readonly kind: "custom"
    readonly module: string
    readonly export: string
  }
}

/** A metric of your own. */
export declare const metrics: {
  /** The share of examples whose label is among the `k` largest probabilities. */
  readonly topKCategoricalAccuracy: (options?: {
    readonly k?: number
  }) => {
    readonly k?: number
    readonly kind: "topKCategoricalAccuracy"
  }
  /** By its module and export: see own code. `D`: the type of its definition. */
  readonly custom: <D extends {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  } = {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  }>(given: OwnReference<D>) => {
    readonly options?: {
      readonly [key: string]: unknown
    }
    readonly kind: "custom"
    readonly module: string
    readonly export: string
  }
}

/** Optimizers, by their names in `tf.train`. */
export declare const optimizers: {
  /** Adam: Kingma and Ba (2015). */
  readonly adam: (options: {
    /** Added to the denominator. Default: 1e-8. */
    readonly epsilon?: number
    /** Decay of the first moment. Default: 0.9. */
    readonly beta1?: number
    /** Decay of the second moment. Default: 0.999. */
    readonly beta2?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /** A schedule, such as `learningRates.cosine({ value: 0.003 })`, or a number for a constant learning rate. */
    readonly learningRate: number | {
      readonly kind: "constant"
      /** The learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "step"
      /** The first learning rate. */
      readonly value: number
      /** Multiplies the learning rate every `every` iterations. */
      readonly factor: number
      /** Iterations between two changes. */
      readonly every: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "cosine"
      /** The first learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
      /** The learning rate at the end of the budget. Default: 0. */
      readonly final?: number
    } | {
      readonly kind: "oneCycle"
      /** The highest learning rate. */
      readonly peak: number
      /** Share of the budget before the peak. Default: 0.3. */
      readonly rise?: number
      /** The first learning rate is peak / divisor. Default: 25. */
      readonly divisor?: number
      /** The last learning rate is peak / finalDivisor. Default: 250,000. */
      readonly finalDivisor?: number
    } | {
      readonly kind: "custom"
      /** The module, relative to the experiment file. */
      readonly module: string
      /** The name under which the module exports the function. */
      readonly export: string
      /** Plain values, which the function's own schema decodes. Default: none. */
      readonly options?: {
        readonly [key: string]: unknown
      }
    }
  }) => {
    readonly learningRate: LearningRateInput
    /** Added to the denominator. Default: 1e-8. */
    readonly epsilon?: number
    /** Decay of the first moment. Default: 0.9. */
    readonly beta1?: number
    /** Decay of the second moment. Default: 0.999. */
    readonly beta2?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    readonly kind: "adam"
  }
  /** Adam with decoupled weight decay of kernels: Loshchilov and Hutter (2019). */
  readonly adamw: (options: {
    /** Added to the denominator. Default: 1e-8. */
    readonly epsilon?: number
    /** Decay of the first moment. Default: 0.9. */
    readonly beta1?: number
    /** Decay of the second moment. Default: 0.999. */
    readonly beta2?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /**
     * Each update shrinks kernels by the share learning rate · weightDecay; biases and normalization do not shrink.
     * Default: 0.01.
     */
    readonly weightDecay?: number
    /** A schedule, such as `learningRates.cosine({ value: 0.003 })`, or a number for a constant learning rate. */
    readonly learningRate: number | {
      readonly kind: "constant"
      /** The learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "step"
      /** The first learning rate. */
      readonly value: number
      /** Multiplies the learning rate every `every` iterations. */
      readonly factor: number
      /** Iterations between two changes. */
      readonly every: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "cosine"
      /** The first learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
      /** The learning rate at the end of the budget. Default: 0. */
      readonly final?: number
    } | {
      readonly kind: "oneCycle"
      /** The highest learning rate. */
      readonly peak: number
      /** Share of the budget before the peak. Default: 0.3. */
      readonly rise?: number
      /** The first learning rate is peak / divisor. Default: 25. */
      readonly divisor?: number
      /** The last learning rate is peak / finalDivisor. Default: 250,000. */
      readonly finalDivisor?: number
    } | {
      readonly kind: "custom"
      /** The module, relative to the experiment file. */
      readonly module: string
      /** The name under which the module exports the function. */
      readonly export: string
      /** Plain values, which the function's own schema decodes. Default: none. */
      readonly options?: {
        readonly [key: string]: unknown
      }
    }
  }) => {
    readonly learningRate: LearningRateInput
    /** Added to the denominator. Default: 1e-8. */
    readonly epsilon?: number
    /** Decay of the first moment. Default: 0.9. */
    readonly beta1?: number
    /** Decay of the second moment. Default: 0.999. */
    readonly beta2?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /**
     * Each update shrinks kernels by the share learning rate · weightDecay; biases and normalization do not shrink.
     * Default: 0.01.
     */
    readonly weightDecay?: number
    readonly kind: "adamw"
  }
  /** Stochastic gradient descent without momentum. */
  readonly sgd: (options: {
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /** A schedule, such as `learningRates.cosine({ value: 0.003 })`, or a number for a constant learning rate. */
    readonly learningRate: number | {
      readonly kind: "constant"
      /** The learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "step"
      /** The first learning rate. */
      readonly value: number
      /** Multiplies the learning rate every `every` iterations. */
      readonly factor: number
      /** Iterations between two changes. */
      readonly every: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "cosine"
      /** The first learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
      /** The learning rate at the end of the budget. Default: 0. */
      readonly final?: number
    } | {
      readonly kind: "oneCycle"
      /** The highest learning rate. */
      readonly peak: number
      /** Share of the budget before the peak. Default: 0.3. */
      readonly rise?: number
      /** The first learning rate is peak / divisor. Default: 25. */
      readonly divisor?: number
      /** The last learning rate is peak / finalDivisor. Default: 250,000. */
      readonly finalDivisor?: number
    } | {
      readonly kind: "custom"
      /** The module, relative to the experiment file. */
      readonly module: string
      /** The name under which the module exports the function. */
      readonly export: string
      /** Plain values, which the function's own schema decodes. Default: none. */
      readonly options?: {
        readonly [key: string]: unknown
      }
    }
  }) => {
    readonly learningRate: LearningRateInput
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    readonly kind: "sgd"
  }
  /** Stochastic gradient descent with momentum: Polyak (1964), Nesterov (1983). */
  readonly momentum: (options: {
    /** Share of the velocity that an update keeps. Default: 0.9. */
    readonly momentum?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /** Nesterov's variant. Default: false. */
    readonly nesterov?: boolean
    /** A schedule, such as `learningRates.cosine({ value: 0.003 })`, or a number for a constant learning rate. */
    readonly learningRate: number | {
      readonly kind: "constant"
      /** The learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "step"
      /** The first learning rate. */
      readonly value: number
      /** Multiplies the learning rate every `every` iterations. */
      readonly factor: number
      /** Iterations between two changes. */
      readonly every: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "cosine"
      /** The first learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
      /** The learning rate at the end of the budget. Default: 0. */
      readonly final?: number
    } | {
      readonly kind: "oneCycle"
      /** The highest learning rate. */
      readonly peak: number
      /** Share of the budget before the peak. Default: 0.3. */
      readonly rise?: number
      /** The first learning rate is peak / divisor. Default: 25. */
      readonly divisor?: number
      /** The last learning rate is peak / finalDivisor. Default: 250,000. */
      readonly finalDivisor?: number
    } | {
      readonly kind: "custom"
      /** The module, relative to the experiment file. */
      readonly module: string
      /** The name under which the module exports the function. */
      readonly export: string
      /** Plain values, which the function's own schema decodes. Default: none. */
      readonly options?: {
        readonly [key: string]: unknown
      }
    }
  }) => {
    readonly learningRate: LearningRateInput
    /** Share of the velocity that an update keeps. Default: 0.9. */
    readonly momentum?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /** Nesterov's variant. Default: false. */
    readonly nesterov?: boolean
    readonly kind: "momentum"
  }
  /** RMSProp: Tieleman and Hinton (2012). */
  readonly rmsprop: (options: {
    /** Share of the velocity that an update keeps. Default: 0. */
    readonly momentum?: number
    /** Added to the mean square. Default: 1e-7. */
    readonly epsilon?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /** Decay of the mean square. Default: 0.9. */
    readonly decay?: number
    /** A schedule, such as `learningRates.cosine({ value: 0.003 })`, or a number for a constant learning rate. */
    readonly learningRate: number | {
      readonly kind: "constant"
      /** The learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "step"
      /** The first learning rate. */
      readonly value: number
      /** Multiplies the learning rate every `every` iterations. */
      readonly factor: number
      /** Iterations between two changes. */
      readonly every: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
    } | {
      readonly kind: "cosine"
      /** The first learning rate. */
      readonly value: number
      /** Iterations of linear warm-up from 0, before the schedule starts. Default: 0. */
      readonly warmup?: number
      /** The learning rate at the end of the budget. Default: 0. */
      readonly final?: number
    } | {
      readonly kind: "oneCycle"
      /** The highest learning rate. */
      readonly peak: number
      /** Share of the budget before the peak. Default: 0.3. */
      readonly rise?: number
      /** The first learning rate is peak / divisor. Default: 25. */
      readonly divisor?: number
      /** The last learning rate is peak / finalDivisor. Default: 250,000. */
      readonly finalDivisor?: number
    } | {
      readonly kind: "custom"
      /** The module, relative to the experiment file. */
      readonly module: string
      /** The name under which the module exports the function. */
      readonly export: string
      /** Plain values, which the function's own schema decodes. Default: none. */
      readonly options?: {
        readonly [key: string]: unknown
      }
    }
  }) => {
    readonly learningRate: LearningRateInput
    /** Share of the velocity that an update keeps. Default: 0. */
    readonly momentum?: number
    /** Added to the mean square. Default: 1e-7. */
    readonly epsilon?: number
    /** Gradient clipping. Default: none. */
    readonly clip?: {
      /** Limits each element of the gradients to ± this value. */
      readonly value: number
    } | {
      /** Limits the norm of the gradient of each variable. */
      readonly norm: number
    } | {
      /** Limits the norm of all gradients together. */
      readonly globalNorm: number
    }
    /** Decay of the mean square. Default: 0.9. */
    readonly decay?: number
    readonly kind: "rmsprop"
  }
}

/** Preprocessing of your own. */
export declare const preprocess: {
  /** By its module and export: see own code. `D`: the type of its definition. */
  readonly custom: <D extends {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  } = {
    /** The options as they are written. It exists for the type checker only. */
    readonly Options: object
  }>(given: OwnReference<D>) => {
    readonly options?: {
      readonly [key: string]: unknown
    }
    readonly kind: "custom"
    readonly module: string
    readonly export: string
  }
}

/** Penalties on kernels, such as `regularizers.l2({ l2: 1e-4 })`. Every factor is 0.01 by default. */
export declare const regularizers: {
  /** l1·Σ|w| */
  readonly l1: (options?: {
    readonly l1?: number
  }) => {
    readonly l1: number
  }
  /** l2·Σw² */
  readonly l2: (options?: {
    readonly l2?: number
  }) => {
    readonly l2: number
  }
  /** l1·Σ|w| + l2·Σw² */
  readonly l1l2: (options?: {
    readonly l1?: number
    readonly l2?: number
  }) => {
    readonly l1: number
    readonly l2: number
  }
}

/** Types a schedule file; the value is checked when the schedule starts. */
export declare function schedule(input: ScheduleInput): ScheduleInput

export declare const strategies: {
  /** Every combination of the values. */
  readonly grid: (options?: {
    /** Values of a continuous parameter, evenly spaced with both limits. Default: none, so all parameters are discrete. */
    readonly points?: number
  }) => {
    /** Values of a continuous parameter, evenly spaced with both limits. Default: none, so all parameters are discrete. */
    readonly points?: number
    readonly kind: "grid"
  }
  /** Independent draws. */
  readonly random: () => {
    readonly kind: "random"
  }
  /** Draws that fill the space more evenly than independent ones: Roberts' R-sequence (2018). */
  readonly quasiRandom: () => {
    readonly kind: "quasiRandom"
  }
  /** Successive halving: all trials start, the best ones at each barrier are trained further. Jamieson and Talwalkar (2016). */
  readonly halving: (options?: {
    /** At each barrier, one trial of so many is promoted, and trained to so many times its iterations. Default: 3. */
    readonly factor?: number
    /** Barriers, the end of the budget included. Default: 3. */
    readonly rungs?: number
    /** How trials are drawn. Default: quasiRandom. */
    readonly from?: "random" | "quasiRandom"
  }) => {
    /** At each barrier, one trial of so many is promoted, and trained to so many times its iterations. Default: 3. */
    readonly factor?: number
    /** Barriers, the end of the budget included. Default: 3. */
    readonly rungs?: number
    /** How trials are drawn. Default: quasiRandom. */
    readonly from?: "random" | "quasiRandom"
    readonly kind: "halving"
  }
  /** Halving with several trade-offs between many trials and long ones: Li et al. (2018). */
  readonly hyperband: (options?: {
    /** As in halving. Default: 3. */
    readonly factor?: number
    /** Barriers of the bracket that prunes most. Default: 3. */
    readonly rungs?: number
    /** How trials are drawn. Default: quasiRandom. */
    readonly from?: "random" | "quasiRandom"
  }) => {
    /** As in halving. Default: 3. */
    readonly factor?: number
    /** Barriers of the bracket that prunes most. Default: 3. */
    readonly rungs?: number
    /** How trials are drawn. Default: quasiRandom. */
    readonly from?: "random" | "quasiRandom"
    readonly kind: "hyperband"
  }
  /** Proposals from the results so far, by tree-structured Parzen estimators: Bergstra et al. (2011). */
  readonly tpe: (options?: {
    /** Trials that are drawn at random first. Default: 10. */
    readonly startup?: number
    /** Trials that are proposed together, from the results of all earlier batches. Default: 5. */
    readonly batch?: number
  }) => {
    /** Trials that are drawn at random first. Default: 10. */
    readonly startup?: number
    /** Trials that are proposed together, from the results of all earlier batches. Default: 5. */
    readonly batch?: number
    readonly kind: "tpe"
  }
}

/** Types a sweep file; the value is checked when the sweep is run. */
export declare function sweep(input: SweepInput): SweepInput

/** A value between two limits. */
export declare function uniform(low: number, high: number): Parameter<number>

type SpaceInput = {
  readonly [Path in PathIn<Searched>]?: Parameter<ValueAt<Searched, Path>>
}

interface OwnReference<D extends WithOptions> {
  /** The module, relative to the experiment file, such as "./squeeze.ts". */
  readonly module: string
  /** The name under which the module exports the function. */
  readonly export: string
  /** Plain values, which the function's own schema decodes. */
  readonly options?: D["Options"]
}

interface Parameter<out T> {
  readonly parameter: "uniform" | "logUniform" | "integer" | "choice"
  readonly [valueType]?: T
}

type Drawn<T> =
  T extends Parameter<infer Value>
    ? Value
    : T extends object
      ? { readonly [Key in keyof T]: Drawn<T[Key]> }
      : T

type PathIn<T> = T extends Primitive
  ? never
  : T extends ReadonlyArray<infer Item>
    ? `[${number}]` | `[${number}]${Below<Item>}`
    : string extends keyof T
      ? string
      : { [Key in keyof T & string]-?: Key | `${Key}${Below<T[Key]>}` }[keyof T & string]

type Searched = Omit<ExperimentInput, SharedField>

type ValueAt<T, Path> = Path extends `${infer Key}[${number}]${infer Rest}`
  ? AfterItem<Item<Field<T, Key>>, Rest>
  : Path extends `${infer Key}.${infer Rest}`
    ? ValueAt<Field<T, Key>, Rest>
    : Field<T, Path>

interface WithOptions {
  /** The options as they are written. It exists for the type checker only. */
  readonly Options: object
}

declare const valueType: unique symbol

type Primitive = string | number | boolean | bigint | symbol | null | undefined

type Below<T> = T extends Primitive ? never : T extends ReadonlyArray<unknown> ? PathIn<T> : `.${PathIn<T>}`

type SharedField = "name" | "split" | "description" | "seed" | "evaluateEvery" | "evaluationRules" | "checkpointEvery" | "recordEvery" | "keepCheckpoints" | "gate" | "code" | "dataset"

type AfterItem<T, Rest> = Rest extends "" ? T : Rest extends `.${infer Path}` ? ValueAt<T, Path> : never

type Item<T> = T extends ReadonlyArray<infer One> ? One : never

type Field<T, Key> = T extends Primitive ? never : Key extends keyof T ? T[Key] : never

export {}
