// Package archtest keeps the rules of the house: who may import whom, and what a package looks like.
package archtest
