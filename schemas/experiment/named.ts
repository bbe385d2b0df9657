/**
 * The options of a layer or an optimizer as they are written: (options) -> options.
 *
 * Keras takes some without a name, as in `Dropout(0.5)`. The compiler refuses that, but a file may be run unchecked, and what has no
 * name must not be lost: it is kept as the field `unnamed`, which no layer has.
 */
export const named = <Options extends object>(options: Options): Options =>
  typeof options === "object" && options !== null && !Array.isArray(options)
    ? options
    : ({ unnamed: options } as unknown as Options)
