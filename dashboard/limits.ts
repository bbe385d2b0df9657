/** Limits that the server and the browser share. */

/** Runs in one comparison: as many curves as have a colour and a dash of their own. */
export const mostCompared = 16

/** What one browser follows at once, in all its tabs. Their positions fit into an address, with the longest names too. */
export const mostTopics = 48

/** The newest lines of a log that are kept and shown. */
export const logLinesShown = 500
