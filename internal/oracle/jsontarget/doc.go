// Package jsontarget holds a server of the JSON endpoints against the oracle: a node's, a gateway's, or one over the
// oracle itself.
package jsontarget
