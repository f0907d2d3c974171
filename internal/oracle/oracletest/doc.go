// Package oracletest holds anything that applies writes and answers queries (a Target: the engine, a node behind the
// wire, the JSON front, a cluster) against the naive model of package oracle.
//
//   - RunCases runs the directed cases: for each rule of semantics.md a few questions with answers worked out by hand.
//   - Check runs a random history beside a model: writes of every kind with queries of every operation in between.
//   - CheckRacing runs readers beside a writer and holds each answer against the model as it was at the answer's applied
//     index.
//   - RandomWorld, World.RandomWrite and World.RandomQuery are the generators, Compare the comparison of one query, for
//     tests that bring their own plan.
//
// Random runs are those of pgregory.net/rapid: a failure prints its seed, shrinks, and ends with the history that shows
// it; -rapid.checks, -rapid.steps and -rapid.seed tune them.
package oracletest
