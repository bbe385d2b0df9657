/** Limits that the server and the browser share. */

/** Runs in one comparison: as many curves as have a colour and a dash of their own. */
export const mostCompared = 16

/** What one browser follows at once, in all its tabs. Their positions must fit into an address. */
export const mostTopics = 64
